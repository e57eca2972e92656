//! Answers to the module's HTTP and gRPC calls.

use crate::{
    callout::GrpcKind,
    header_map::{HeaderMap, MapKind, Pairs},
    message::Response,
    status::Status,
    vm::{Vm, size, state::CallResponse},
};

/// The gRPC status that Envoy gives to a call that timed out.
const UNAVAILABLE: u32 = 14;

impl Vm {
    /// Delivers the answer of an HTTP call. `false`: there is no such call.
    pub(crate) fn answer_http(&mut self, token: u32, response: &Response) -> bool {
        let Some(call) = self.state_mut().http_calls.remove(&token) else { return false };
        let map = |kind, pairs: &Pairs| {
            HeaderMap::from_pairs(kind, pairs.iter().map(|(name, value)| (name, value)))
        };
        let headers = map(MapKind::Response, &response.headers);
        let trailers = map(MapKind::Other, response.trailers.as_ref().unwrap_or(&Pairs::new()));
        let body = response.body.concat();
        let args = [
            call.root,
            token,
            size(headers.pairs().len()),
            size(body.len()),
            size(trailers.pairs().len()),
        ];
        self.state_mut().call_response = Some(CallResponse { headers, body, trailers });
        self.call("proxy_on_http_call_response", call.root, &args);
        self.state_mut().call_response = None;
        self.settle();
        true
    }

    /// An HTTP call that got no answer: all sizes are 0.
    pub(crate) fn fail_http(&mut self, token: u32) -> bool {
        let Some(call) = self.state_mut().http_calls.remove(&token) else { return false };
        self.state_mut().status = (Status::BrokenConnection.into(), b"reset".to_vec());
        self.call("proxy_on_http_call_response", call.root, &[call.root, token, 0, 0, 0]);
        self.state_mut().status.1.clear();
        self.settle();
        true
    }

    /// Delivers initial metadata of a gRPC stream.
    pub(crate) fn grpc_initial_metadata(&mut self, token: u32, pairs: &Pairs) -> bool {
        let Some(root) = self.state().grpc_calls.get(&token).map(|call| call.root) else {
            return false;
        };
        let map =
            HeaderMap::from_pairs(MapKind::Other, pairs.iter().map(|(name, value)| (name, value)));
        let count = size(map.pairs().len());
        self.state_mut().grpc_initial = Some(map);
        self.call("proxy_on_grpc_receive_initial_metadata", root, &[root, token, count]);
        self.state_mut().grpc_initial = None;
        self.settle();
        true
    }

    /// Delivers a message. It ends a unary call.
    pub(crate) fn grpc_receive(&mut self, token: u32, message: &[u8]) -> bool {
        let Some(call) = self.state().grpc_calls.get(&token).cloned() else { return false };
        if call.kind == GrpcKind::Call {
            self.state_mut().grpc_calls.remove(&token);
        }
        self.state_mut().grpc_message = Some(message.to_vec());
        self.call("proxy_on_grpc_receive", call.root, &[call.root, token, size(message.len())]);
        self.state_mut().grpc_message = None;
        self.settle();
        true
    }

    /// Closes a gRPC call or stream with a status, after trailing metadata where there is any.
    pub(crate) fn grpc_close(
        &mut self,
        token: u32,
        status: u32,
        message: &str,
        trailing: &Pairs,
    ) -> bool {
        let Some(root) = self.state().grpc_calls.get(&token).map(|call| call.root) else {
            return false;
        };
        if !trailing.is_empty() {
            let map = HeaderMap::from_pairs(
                MapKind::Other,
                trailing.iter().map(|(name, value)| (name, value)),
            );
            let count = size(map.pairs().len());
            self.state_mut().grpc_trailing = Some(map);
            self.call("proxy_on_grpc_receive_trailing_metadata", root, &[root, token, count]);
            self.state_mut().grpc_trailing = None;
        }
        self.state_mut().grpc_calls.remove(&token);
        self.state_mut().status = (status, message.as_bytes().to_vec());
        self.call("proxy_on_grpc_close", root, &[root, token, status]);
        self.state_mut().status.1.clear();
        self.settle();
        true
    }

    /// When the VM's next call times out.
    pub(crate) fn next_deadline(&self) -> Option<u64> {
        if self.is_failed() {
            return None;
        }
        let http = self.state().http_calls.values().filter_map(|call| call.deadline);
        http.chain(self.state().grpc_calls.values().filter_map(|call| call.deadline)).min()
    }

    /// Ends every call whose time is over.
    pub(crate) fn time_out_calls(&mut self) {
        let now = self.now();
        let due = |deadline: Option<u64>| deadline.is_some_and(|deadline| deadline <= now);
        let http: Vec<u32> = self
            .state()
            .http_calls
            .values()
            .filter(|call| due(call.deadline))
            .map(|call| call.token)
            .collect();
        let timeout = Response::new(504)
            .header("content-length", "24")
            .header("content-type", "text/plain")
            .body("upstream request timeout");
        for token in http {
            self.answer_http(token, &timeout);
        }
        let grpc: Vec<u32> = self
            .state()
            .grpc_calls
            .values()
            .filter(|call| due(call.deadline))
            .map(|call| call.token)
            .collect();
        for token in grpc {
            let message = "upstream request timeout{response_timeout}";
            self.grpc_close(token, UNAVAILABLE, message, &Pairs::new());
        }
    }
}
