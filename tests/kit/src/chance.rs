//! Pseudo-random numbers that depend only on a seed and a position.

/// Returns the number at a position of the sequence of a seed (`SplitMix64`).
pub(crate) fn draw(seed: u64, position: u64) -> u64 {
    let mut mixed = seed.wrapping_add(position.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
