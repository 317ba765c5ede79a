//! Call stacks as a tree from the outermost frame inwards, so that what they share is kept once. Unlike
//! [`crate::FrameTree`], which merges by name and adds up, this keeps lines apart and adds nothing: the
//! page merges and adds for itself, for whatever span of time is selected.

use std::collections::HashMap;

/// The number of a word: a function, a file or a module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
pub struct WordNumber(pub(super) u32);

/// The number of a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
pub struct PlaceNumber(pub(super) u32);

/// The number of a stack. The default one is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StackNumber(pub(super) u32);

/// A line of code, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Place {
    /// The function.
    pub function: WordNumber,
    /// Its source file.
    pub file: Option<WordNumber>,
    /// The line in it, from 1; 0 when not known.
    pub line: u32,
    /// The executable or library that it is in.
    pub module: Option<WordNumber>,
    /// The compiler put it into its caller.
    pub is_inlined: bool,
}

/// All call stacks of a page.
#[derive(Clone, Debug, Default)]
pub struct CallStacks {
    pub(super) words: Vec<String>,
    word_numbers: HashMap<String, WordNumber>,
    pub(super) places: Vec<Place>,
    place_numbers: HashMap<Place, PlaceNumber>,
    /// Without the empty stack; each after the one that it extends.
    pub(super) nodes: Vec<(StackNumber, PlaceNumber)>,
    extended: HashMap<(StackNumber, PlaceNumber), StackNumber>,
}

impl CallStacks {
    /// The number of a word, a new one if it is new.
    pub fn word(&mut self, word: &str) -> WordNumber {
        if let Some(number) = self.word_numbers.get(word) {
            return *number;
        }
        let number = WordNumber(number_of(self.words.len()));
        self.words.push(word.to_owned());
        self.word_numbers.insert(word.to_owned(), number);
        number
    }

    /// The number of a place, a new one if it is new.
    pub fn place(&mut self, place: Place) -> PlaceNumber {
        let next = PlaceNumber(number_of(self.places.len()));
        let number = *self.place_numbers.entry(place).or_insert(next);
        if number == next {
            self.places.push(place);
        }
        number
    }

    /// The stack that has one frame more, called from `outer`.
    pub fn extend(&mut self, outer: StackNumber, place: PlaceNumber) -> StackNumber {
        // The empty stack is number 0 and has no node.
        let next = StackNumber(number_of(self.nodes.len() + 1));
        let number = *self.extended.entry((outer, place)).or_insert(next);
        if number == next {
            self.nodes.push((outer, place));
        }
        number
    }

    /// How many different stacks there are, the empty one not counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is none but the empty one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The stack with one frame less, and that frame; none of the empty stack.
    #[must_use]
    pub fn step(&self, stack: StackNumber) -> Option<(StackNumber, Place)> {
        let (outer, place) = *self.nodes.get((stack.0 as usize).checked_sub(1)?)?;
        Some((outer, self.places[place.0 as usize]))
    }

    /// What goes through each place, given what goes through whole stacks. A recursion counts once for
    /// each time that it goes through.
    #[must_use]
    pub fn totals_by_place(
        &self,
        own: impl IntoIterator<Item = (StackNumber, u64)>,
    ) -> Vec<(Place, u64)> {
        let mut totals = vec![0u64; self.nodes.len() + 1];
        for (stack, amount) in own {
            if let Some(total) = totals.get_mut(stack.0 as usize) {
                *total = total.saturating_add(amount);
            }
        }
        let mut by_place: Vec<(Place, u64)> = self.places.iter().map(|place| (*place, 0)).collect();
        // Stacks come after those that they extend, so what extends them is complete.
        for (index, (outer, place)) in self.nodes.iter().enumerate().rev() {
            let total = totals[index + 1];
            let outer = &mut totals[outer.0 as usize];
            *outer = outer.saturating_add(total);
            let through = &mut by_place[place.0 as usize].1;
            *through = through.saturating_add(total);
        }
        by_place
    }

    /// A word by its number.
    #[must_use]
    pub fn word_of(&self, number: WordNumber) -> &str {
        self.words.get(number.0 as usize).map_or("", String::as_str)
    }
}

/// What no memory holds is not told apart any more: four thousand million stacks.
fn number_of(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stacks_share_is_kept_once() {
        let mut stacks = CallStacks::default();
        let main = Place {
            function: stacks.word("main"),
            line: 3,
            ..Place::default()
        };
        let other_line = Place { line: 4, ..main };
        let [main, other_line] = [main, other_line].map(|place| stacks.place(place));
        let empty = StackNumber::default();
        let outer = stacks.extend(empty, main);
        assert_eq!(stacks.extend(empty, main), outer);
        assert_ne!(stacks.extend(empty, other_line), outer);
        let inner = stacks.extend(outer, main);
        assert_eq!(
            stacks.step(inner).map(|(outer, place)| (outer, place.line)),
            Some((outer, 3))
        );
        assert_eq!(stacks.step(empty), None);
        assert_eq!((stacks.len(), stacks.words.len()), (3, 1));
    }

    #[test]
    fn what_goes_through_a_stack_goes_through_its_callers() {
        let mut stacks = CallStacks::default();
        let place = |line| Place {
            line,
            ..Place::default()
        };
        let [main, inner] = [1, 2].map(|line| stacks.place(place(line)));
        let outer = stacks.extend(StackNumber::default(), main);
        let deep = stacks.extend(outer, inner);
        let totals = stacks.totals_by_place([(outer, 5), (deep, 7)]);
        assert_eq!(totals, [(place(1), 12), (place(2), 7)]);
    }
}
