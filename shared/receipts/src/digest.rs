//! Decoding of declared SHA-256 digests.

/// Decodes 64 hexadecimal digits; `None` for any other text.
pub(crate) fn decode_sha256(hex: &str) -> Option<Vec<u8>> {
    let nibbles: Option<Vec<u8>> = hex.chars().map(|c| c.to_digit(16).and_then(|n| u8::try_from(n).ok())).collect();
    let nibbles = nibbles.filter(|nibbles| nibbles.len() == 64)?;
    Some(nibbles.chunks_exact(2).map(|pair| pair.iter().fold(0, |sum, nibble| sum << 4 | nibble)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_needs_64_hexadecimal_digits() {
        let hex = "00ff10".to_owned() + &"a7".repeat(29);
        let bytes = decode_sha256(&hex).unwrap();
        assert_eq!((bytes.len(), bytes[..4].to_vec()), (32, vec![0, 255, 16, 0xA7]));
        assert_eq!(decode_sha256(&hex[2..]), None);
        assert_eq!(decode_sha256(&hex.replace("ff", "fg")), None);
        assert_eq!(decode_sha256(&hex.replace("ff", "é")), None);
    }
}
