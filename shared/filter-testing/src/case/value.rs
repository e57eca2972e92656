//! Values that a case may write in several ways.

use serde::Deserialize;

/// A header's value: text, or bytes in hex.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum HeaderBytes {
    /// Text.
    Text(String),
    /// Bytes that need not be text.
    Hex(HexBytes),
}

/// Bytes in hex, e.g. `{hex: ff41}`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, try_from = "HexText")]
pub struct HexBytes(pub Vec<u8>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HexText {
    hex: String,
}

/// A number, or the range it lies in.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged)]
pub enum Bounds {
    /// Exactly this.
    Exactly(u64),
    /// At least and at most.
    Between {
        /// At least.
        min: u64,
        /// At most.
        max: u64,
    },
}

impl HeaderBytes {
    /// The bytes of repetition `n`.
    #[must_use]
    pub fn bytes(&self, n: u32) -> Vec<u8> {
        match self {
            Self::Text(text) => text.replace("{n}", &n.to_string()).into_bytes(),
            Self::Hex(HexBytes(bytes)) => bytes.clone(),
        }
    }
}

impl TryFrom<HexText> for HexBytes {
    type Error = String;

    fn try_from(text: HexText) -> Result<Self, String> {
        let digits: Option<Vec<u8>> = text
            .hex
            .chars()
            .map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect();
        let digits = digits.filter(|digits| digits.len() % 2 == 0);
        let digits = digits.ok_or_else(|| format!("`{}` is no hex", text.hex))?;
        let (pairs, _) = digits.as_chunks::<2>();
        Ok(Self(pairs.iter().map(|[high, low]| high << 4 | low).collect()))
    }
}

impl Bounds {
    /// The least and the most.
    #[must_use]
    pub fn range(self) -> (u64, u64) {
        match self {
            Self::Exactly(exactly) => (exactly, exactly),
            Self::Between { min, max } => (min, max),
        }
    }

    /// Whether `number` is as expected.
    #[must_use]
    pub fn contains(self, number: u64) -> bool {
        let (min, max) = self.range();
        (min..=max).contains(&number)
    }
}
