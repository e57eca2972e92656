//! Weights: shares by their proportions.

use filter_api::ConfigError;
use filter_config::number_text;
use filter_config::wire::Decimal;

/// A weight in ten thousandths, the decimals that a percentage has.
///
/// # Errors
/// A number outside 0 to 1,000,000, or with more than four decimals.
pub fn weight(wire: Decimal) -> Result<u64, ConfigError> {
    const PARTS: f64 = 10_000.0;
    let weight = wire.get();
    let parts = (weight * PARTS).round();
    // As written: the nearest double of a number with four decimals, and no other.
    if (0.0..=1e6).contains(&weight) && parts / PARTS == weight {
        return Ok(parts as u64);
    }
    let allowed = "0 to 1000000 with at most four decimals";
    Err(ConfigError::found("", number_text(weight), allowed))
}

#[cfg(test)]
mod tests {
    use super::weight;
    use filter_config::wire::Decimal;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn read(number: &str) -> Result<u64, String> {
        let decimal: Decimal = serde_json::from_str(number).unwrap();
        weight(decimal).map_err(|error| error.to_string())
    }

    #[test]
    fn a_weight_is_exact_to_four_decimals() {
        for (number, parts) in
            [("0", 0), ("0.57", 5700), ("96.49", 964_900), ("1e6", 10_000_000_000)]
        {
            assert_eq!(read(number), Ok(parts), "{number}");
        }
        for number in ["-1", "1000000.1", "0.00001", "0.57001"] {
            let error = read(number).unwrap_err();
            assert!(
                error.ends_with("allowed is 0 to 1000000 with at most four decimals"),
                "{error}"
            );
        }
    }
}
