//! The way of an item, as it writes it down itself; of which follows what the stages do with it.

/// A stage that an item has passed, and which of the outputs for what it was there the item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hop {
    pub(crate) uid: u32,
    pub(crate) copy: u8,
}

/// A number that is drawn anew for each stage and each item.
pub(crate) fn dice(uid: u32, item: u64, hops: &[Hop]) -> u64 {
    let mut mixed = (u64::from(uid) << 32) ^ item.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for hop in hops {
        mixed = (mixed ^ u64::from(hop.copy)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    }
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
