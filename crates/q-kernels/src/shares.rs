//! Keys parted into shares, ranges that follow each other and hold about as many keys each.
//!
//! The leading bits of keys are rarely spread evenly (half of all floats from 0 to 1 share one exponent), so that a sample
//! says which of them are looked at more closely.

/// Leading bits that choose how a key is looked at.
const DIGIT_BITS_MAX: u32 = 11;
/// Bins there would be if the sample were spread evenly.
const BINS_WANTED: usize = 1 << 11;
const SAMPLE: usize = 1 << 12;

/// Numbers the keys' ranges: never a lower bin for a higher key.
pub(crate) struct Bins {
    digits: Vec<Digit>,
    shift: u32,
    count: usize,
}

/// What is looked at behind a leading digit.
#[derive(Clone, Copy)]
struct Digit {
    /// The bin of the lowest keys.
    first: u16,
    mask: u16,
    shift: u32,
}

impl Bins {
    /// Bins for so many keys of `bits`, of which the lowest `ranked` are not looked at.
    pub(crate) fn new(count: usize, bits: u32, ranked: u32, key_at: impl Fn(usize) -> u64) -> Bins {
        let digit_bits = DIGIT_BITS_MAX.min(bits - ranked);
        let shift = bits - digit_bits;
        let mut held = vec![0usize; 1 << digit_bits];
        let step = count.div_ceil(SAMPLE).max(1);
        for row in (0..count).step_by(step) {
            held[(key_at(row) >> shift) as usize] += 1;
        }
        let mut bins = 0;
        let digits = held
            .iter()
            .map(|held| {
                let wanted = (held * BINS_WANTED / SAMPLE).max(1);
                let closer = wanted.next_power_of_two().ilog2().min(shift - ranked);
                // at most the digits and twice the bins wanted
                let first = bins as u16;
                bins += 1usize << closer;
                Digit {
                    first,
                    mask: (1u16 << closer) - 1,
                    shift: shift - closer,
                }
            })
            .collect();
        Bins {
            digits,
            shift,
            count: bins,
        }
    }

    /// How many bins there are.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    #[inline(always)]
    pub(crate) fn of(&self, key: u64) -> usize {
        let digit = self.digits[(key >> self.shift) as usize];
        usize::from(digit.first) + usize::from((key >> digit.shift) as u16 & digit.mask)
    }
}

/// Neighbouring bins taken together, so that the keys of a share fit a cache.
pub(crate) struct Shares {
    of_bin: Vec<u16>,
    /// How many keys each share holds.
    pub counts: Vec<usize>,
}

impl Shares {
    /// Shares of about `wanted` keys, from the counts of each bin in each part of the keys.
    pub(crate) fn new(counts: &[Vec<u32>], wanted: usize) -> Shares {
        let bins = counts.first().map_or(0, Vec::len);
        let mut shares = Shares {
            of_bin: Vec::with_capacity(bins),
            counts: vec![0],
        };
        for bin in 0..bins {
            let held: usize = counts.iter().map(|counts| counts[bin] as usize).sum();
            let last = shares.counts.len() - 1;
            if shares.counts[last] > 0 && shares.counts[last] + held > wanted {
                shares.counts.push(0);
            }
            let last = shares.counts.len() - 1;
            shares.counts[last] += held;
            // a share is closed only when it and the next bin hold more than was wanted: there are few
            shares.of_bin.push(last as u16);
        }
        shares
    }

    #[inline(always)]
    pub(crate) fn of(&self, bin: usize) -> usize {
        usize::from(self.of_bin[bin])
    }

    /// Where each part writes its first key of each share.
    pub(crate) fn places(&self, counts: &[Vec<u32>]) -> Vec<Vec<usize>> {
        let mut starts = Vec::with_capacity(self.counts.len());
        let mut next = 0;
        for count in &self.counts {
            starts.push(next);
            next += count;
        }
        counts
            .iter()
            .map(|counts| {
                let own = starts.clone();
                for (bin, count) in counts.iter().enumerate() {
                    starts[self.of(bin)] += *count as usize;
                }
                own
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bins_follow_the_order_of_the_keys(
            mut keys in proptest::collection::vec(prop_oneof![0u64..100, any::<u64>(), Just(u64::MAX)], 1..300),
            bits in 1u32..=64,
            ranked in 0u32..64,
        ) {
            for key in &mut keys {
                *key >>= 64 - bits;
            }
            keys.sort_unstable();
            let bins = Bins::new(keys.len(), bits, ranked.min(bits - 1), |row| keys[row]);
            prop_assert!(keys.windows(2).all(|pair| bins.of(pair[0]) <= bins.of(pair[1])));
            prop_assert!(keys.iter().all(|key| bins.of(*key) < bins.count()));
        }
    }

    #[test]
    fn floats_of_one_exponent_are_spread_over_many_bins() {
        let keys: Vec<u64> = (1..100_000u32)
            .map(|at| (f64::from(at) / 1e5).to_bits())
            .collect();
        let bins = Bins::new(keys.len(), 62, 0, |row| keys[row]);
        let mut held = vec![0usize; bins.count()];
        for key in &keys {
            held[bins.of(*key)] += 1;
        }
        assert!(held.iter().all(|held| *held < keys.len() / 500));
        assert!(usize::from(u16::MAX) > bins.count());
    }
}
