//! HTTP/2 messages: what client and upstream share.

use h2::RecvStream;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::message::Headers;

pub(crate) fn header_map(headers: &Headers) -> anyhow::Result<HeaderMap> {
    let mut map = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        map.append(HeaderName::from_bytes(name)?, HeaderValue::from_bytes(value)?);
    }
    Ok(map)
}

pub(crate) fn header_lines(map: &HeaderMap) -> Headers {
    map.iter()
        .map(|(name, value)| (name.as_str().as_bytes().to_vec(), value.as_bytes().to_vec()))
        .collect()
}

/// Reads to the end of the stream; what arrived stays in `body` on failure. Returns the trailers.
pub(crate) async fn read_body(
    stream: &mut RecvStream,
    body: &mut Vec<u8>,
) -> Result<Headers, h2::Error> {
    while let Some(data) = stream.data().await {
        let data = data?;
        stream.flow_control().release_capacity(data.len())?;
        body.extend(data);
    }
    Ok(stream.trailers().await?.as_ref().map(header_lines).unwrap_or_default())
}
