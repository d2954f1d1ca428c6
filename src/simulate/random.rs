//! Random numbers that are the same on every machine, in every version.
//!
//! ChaCha8 has a stream of its own for each number under each key, so that an account can be made
//! without the ones before it. What is drawn is computed here in integers, because the drawing
//! functions of random number libraries change between their versions.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A family of streams: one purpose of one seed.
#[derive(Debug, Clone)]
pub struct Streams {
    key: [u8; 32],
}

impl Streams {
    pub fn new(seed: u64, purpose: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&seed.to_le_bytes());
        hasher.update(purpose.as_bytes());
        Self { key: *hasher.finalize().as_bytes() }
    }

    pub fn stream(&self, number: u64) -> Random {
        let mut generator = ChaCha8Rng::from_seed(self.key);
        generator.set_stream(number);
        Random(generator)
    }

    /// 64 bits of the key, for [`mix`].
    pub fn salt(&self) -> u64 {
        u64::from_le_bytes(std::array::from_fn(|i| self.key[i]))
    }
}

/// One stream of random numbers.
#[derive(Debug)]
pub struct Random(ChaCha8Rng);

impl Random {
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `n`, which is not 0.
    pub fn below(&mut self, n: u64) -> u64 {
        share(self.bits(), n)
    }

    /// A number from `from` up to, but not including, `to`; `from` if there is none.
    pub fn between(&mut self, from: i64, to: i64) -> i64 {
        match u64::try_from(to.saturating_sub(from)) {
            Ok(span) if span > 0 => from + self.below(span) as i64,
            _ => from,
        }
    }

    /// True in `per_mille` of 1,000 cases.
    pub fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    /// One of the values, each as often as its weight says.
    pub fn choose<T: Copy>(&mut self, choices: &[(T, u64)]) -> T {
        chosen(self.bits(), choices)
    }
}

/// Where `bits` falls when all numbers of 64 bits are cut into `n` equal parts.
fn share(bits: u64, n: u64) -> u64 {
    ((u128::from(bits) * u128::from(n)) >> 64) as u64
}

/// The value into whose share of the weights `bits` falls.
pub fn chosen<T: Copy>(bits: u64, choices: &[(T, u64)]) -> T {
    let mut at = share(bits, choices.iter().map(|(_, weight)| weight).sum());
    for &(value, weight) in choices {
        if at < weight {
            return value;
        }
        at -= weight;
    }
    choices[choices.len() - 1].0
}

/// Numbers that fill their range evenly, however few are drawn (a Kronecker sequence): every kind
/// of account then has its share in a small company too. Steps that are roots of different primes
/// make sequences independent of each other.
#[derive(Debug, Clone, Copy)]
pub struct Even {
    start: u64,
    step: u64,
}

/// The fractional parts of the roots of 2, 3, 7, 11, 13, 17 and 19.
pub const ROOTS: [u64; 7] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];

impl Even {
    pub fn new(start: u64, step: u64) -> Self {
        Self { start, step }
    }

    pub fn bits(&self, number: u64) -> u64 {
        self.start.wrapping_add(number.wrapping_mul(self.step))
    }

    pub fn chance(&self, number: u64, per_mille: u64) -> bool {
        share(self.bits(number), 1000) < per_mille
    }
}

/// Scatters a number over all numbers of 64 bits; two numbers never meet (the end of SplitMix64).
pub fn mix(number: u64) -> u64 {
    let mut x = number;
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn streams_are_pinned() {
        let streams = Streams::new(7, "accounts");
        let mut first = streams.stream(0);
        let drawn: Vec<u64> = (0..4).map(|_| first.below(1000)).collect();
        assert_eq!(drawn, [0, 0, 0, 0]);
        assert_ne!(streams.stream(1).bits(), streams.stream(0).bits());
    }

    #[test]
    fn an_even_sequence_keeps_every_share() {
        let even = Even::new(mix(3), ROOTS[0]);
        let hits = (0..1500).filter(|&n| even.chance(n, 10)).count();
        assert!((13..=17).contains(&hits), "{hits}");
    }

    proptest! {
        #[test]
        fn what_is_drawn_stays_in_its_range(seed: u64, from in -1000_i64..1000, span in 1_i64..1000) {
            let mut random = Streams::new(seed, "test").stream(seed);
            for _ in 0..20 {
                let drawn = random.between(from, from + span);
                prop_assert!(from <= drawn && drawn < from + span);
            }
            prop_assert_eq!(random.between(from, from), from);
        }

        #[test]
        fn a_weight_of_nothing_is_never_chosen(bits: u64) {
            prop_assert_ne!(chosen(bits, &[('a', 1), ('b', 0), ('c', 3)]), 'b');
        }
    }
}
