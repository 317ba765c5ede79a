// LDT: exit=0
// A Rust program of some size: an index of words in a text that it makes up, built, searched, dropped.
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

#[derive(Default)]
struct Index {
    places: BTreeMap<Rc<str>, Vec<usize>>,
    lengths: HashMap<usize, Vec<Rc<str>>>,
}

impl Index {
    #[inline(never)]
    fn add_word(&mut self, word: &str, place: usize) {
        if let Some(places) = self.places.get_mut(word) {
            places.push(place);
            return;
        }
        let word: Rc<str> = word.into();
        self.lengths.entry(word.len()).or_default().push(Rc::clone(&word));
        self.places.insert(word, vec![place]);
    }

    #[inline(never)]
    fn longest(&self) -> String {
        let length = self.lengths.keys().max().copied().unwrap_or(0);
        let mut words: Vec<String> = self.lengths[&length].iter().map(|word| word.to_string()).collect();
        words.sort();
        words.join(",")
    }
}

/// A text of made-up words, by a generator that gives the same at every run.
#[inline(never)]
fn make_text(words: usize) -> String {
    let mut state = 12345u64;
    let mut text = String::new();
    for _ in 0..words {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        text.push_str(&format!("{:o} ", (state >> 52) * (state >> 56)));
    }
    text
}

fn main() {
    let text = make_text(30_000);
    let mut index = Index::default();
    for (place, word) in text.split(' ').enumerate() {
        index.add_word(word, place);
    }
    println!("{} different words, the longest {}", index.places.len(), index.longest().len());
}
