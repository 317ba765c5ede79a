//! A table indexed by numbers that the trace names: nearly always dense, never trusted.
//!
//! Stack nodes are numbered from 1 without gaps, so a plain vector is the right table. But a
//! damaged file may name any number, and must not make us allocate in proportion to it: a number
//! far above what was seen so far goes to a map. A sound file has such numbers too, and many of them, where the
//! windows of a thread that began early were packed late: so the map is an ordered one, whose lowest numbers are
//! found at once whenever the vector grows.

use std::collections::BTreeMap;

/// How far above twice the present length a number may be to still extend the vector.
const SLACK: usize = 1 << 16;

/// A table of `T` by `u32`, in which everything is `T::default()` until it is set.
#[derive(Debug, Default)]
pub struct Numbered<T> {
    dense: Vec<T>,
    far: BTreeMap<u32, T>,
    /// What is given out for numbers never set.
    nothing: T,
}

impl<T: Default + Clone> Numbered<T> {
    /// The entry, if its number was ever set.
    #[inline(always)]
    pub fn get(&self, number: u32) -> &T {
        match self.dense.get(number as usize) {
            Some(entry) => entry,
            None => self.get_far(number),
        }
    }

    /// The entries of low numbers, nearly always all.
    #[inline]
    pub fn dense(&mut self) -> &mut [T] {
        &mut self.dense
    }

    #[cold]
    fn get_far(&self, number: u32) -> &T {
        self.far.get(&number).unwrap_or(&self.nothing)
    }

    /// The entry, made if need be.
    #[inline]
    pub fn entry(&mut self, number: u32) -> &mut T {
        let index = number as usize;
        if index < self.dense.len() {
            return &mut self.dense[index];
        }
        self.make(number)
    }

    #[cold]
    fn make(&mut self, number: u32) -> &mut T {
        let index = number as usize;
        if self.is_near(index) {
            self.extend_to(index + 1);
            return &mut self.dense[index];
        }
        self.far.entry(number).or_default()
    }

    fn is_near(&self, index: usize) -> bool {
        index <= self.dense.len() * 2 + SLACK
    }

    fn extend_to(&mut self, length: usize) {
        self.dense.resize(length, T::default());
        // What was far when it was set may be near now.
        while let Some(lowest) = self.far.first_entry() {
            match self.dense.get_mut(*lowest.key() as usize) {
                Some(near) => *near = lowest.remove(),
                None => break,
            }
        }
    }

    /// Makes this entry and so many behind it, if the number is no bogus one, so that the next numbers find theirs
    /// in [`Numbered::dense`].
    pub(super) fn make_room(&mut self, number: u32, more: usize) {
        let index = number as usize;
        if index >= self.dense.len() && self.is_near(index) {
            self.extend_to(index + 1 + more);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bogus_number_costs_one_entry() {
        let mut table = Numbered::<u64>::default();
        *table.entry(1) = 10;
        *table.entry(67_000_000) = 20;
        assert_eq!((*table.get(1), *table.get(67_000_000)), (10, 20));
        assert_eq!(*table.get(2), 0);
        assert!(table.dense.len() < 10);
    }

    #[test]
    fn room_is_made_for_the_next_numbers_and_none_for_bogus_ones() {
        let mut table = Numbered::<u32>::default();
        *table.entry(70_000) = 7;
        table.make_room(65_000, 6_000);
        assert_eq!((table.dense().len(), *table.get(70_000)), (71_001, 7));
        table.make_room(67_000_000, 10);
        assert_eq!(table.dense().len(), 71_001);
    }

    #[test]
    fn far_entries_are_kept_when_the_vector_reaches_them() {
        let mut table = Numbered::<u32>::default();
        *table.entry(200_000) = 5;
        for number in 0..300_000 {
            table.entry(number);
        }
        assert_eq!(*table.get(200_000), 5);
        assert!(table.far.is_empty());
    }

    /// Each step of the vector once looked at all that was far: minutes, for the trace of a few threads.
    #[test]
    fn steps_of_the_vector_do_not_look_at_all_that_is_far() {
        let mut table = Numbered::<u32>::default();
        for number in 1_000_000..1_500_000 {
            *table.entry(number) = number;
        }
        for number in 1..1_000_000 {
            *table.entry(number) = number;
        }
        table.entry(1_500_000);
        assert!((1..1_500_000).all(|number| *table.get(number) == number));
        assert!(table.far.is_empty());
    }
}
