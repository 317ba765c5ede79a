//! Tables of numbers as bytes: column after column, each number in groups of seven bits, the lowest first,
//! the top bit set in all but the last. `script/bytes.js` reads them back.
//!
//! | table | columns, one after the other, each after the number of rows |
//! |---|---|
//! | moments | time since the one before; highest; highest less lowest; resident; allocations |
//! | edges | time since the one before |
//! | places | function; file + 1, 0 if none; line; module + 1, 0 if none; 1 if inlined |
//! | stacks | own number less that of the stack that is extended (the empty one is 0); place |
//! | sites | stack; function called; bytes, blocks, slack at the peak; alignment; padding; free bytes of shared pages; number of marks |
//! | marks of all sites | spans since the mark before; allocations, bytes, temporary since then; bytes, blocks, slack held, as signed differences |
//! | sizes | first; last; number of marks |
//! | marks of all sizes | spans since the mark before; allocations, bytes since then |
//! | threads | bytes left; blocks left; number of marks |
//! | marks of all threads | spans since the mark before; allocations, bytes, frees, temporary since then |
//!
//! A first mark counts from 0. Signed numbers are doubled, negative ones then turned over (`-1` is 1, `1` is 2).
//! Columns of differences are mostly small numbers that repeat, which a third of a byte holds once deflated.

use super::HtmlPage;

/// Bytes that grow by tables.
#[derive(Default)]
struct Numbers(Vec<u8>);

impl Numbers {
    fn put(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn rows(&mut self, count: usize) {
        self.put(count as u64);
    }

    fn column(&mut self, numbers: impl IntoIterator<Item = u64>) {
        for number in numbers {
            self.put(number);
        }
    }

    /// What each number has more than the one before; a smaller one, which should not be, is as large.
    fn rising(&mut self, numbers: impl IntoIterator<Item = u64>) {
        let mut before = 0;
        for number in numbers {
            self.put(number.saturating_sub(before));
            before = before.max(number);
        }
    }

    /// The difference of each mark's figure to that of the mark before, whose first is 0.
    fn marks<'m, M: 'm>(
        &mut self,
        owners: impl IntoIterator<Item = &'m [M]>,
        figure: impl Fn(&M) -> u64,
        put: impl Fn(&mut Self, u64, u64),
    ) {
        for marks in owners {
            let mut before = 0;
            for mark in marks {
                let now = figure(mark);
                put(self, before, now);
                before = now;
            }
        }
    }

    fn put_rise(&mut self, before: u64, now: u64) {
        self.put(now.wrapping_sub(before));
    }

    fn put_change(&mut self, before: u64, now: u64) {
        let change = now.wrapping_sub(before).cast_signed();
        self.put((change.wrapping_shl(1) ^ (change >> 63)).cast_unsigned());
    }
}

/// All tables of a page.
pub(super) fn pack(page: &HtmlPage) -> Vec<u8> {
    let mut numbers = Numbers::default();
    moments(&mut numbers, page);
    stacks(&mut numbers, page);
    sites(&mut numbers, page);
    sizes(&mut numbers, page);
    threads(&mut numbers, page);
    numbers.0
}

fn moments(numbers: &mut Numbers, page: &HtmlPage) {
    let moments = &page.moments;
    numbers.rows(moments.len());
    numbers.rising(moments.iter().map(|moment| moment.at_ns));
    numbers.column(moments.iter().map(|moment| moment.high_bytes));
    let spread = |moment: &super::Moment| moment.high_bytes.saturating_sub(moment.low_bytes);
    numbers.column(moments.iter().map(spread));
    numbers.column(moments.iter().map(|moment| moment.resident_bytes));
    numbers.column(moments.iter().map(|moment| moment.allocations));
    numbers.rows(page.edges_ns.len());
    numbers.rising(page.edges_ns.iter().copied());
}

fn stacks(numbers: &mut Numbers, page: &HtmlPage) {
    let (places, nodes) = (&page.stacks.places, &page.stacks.nodes);
    let word = |word: Option<super::WordNumber>| word.map_or(0, |word| u64::from(word.0) + 1);
    numbers.rows(places.len());
    numbers.column(places.iter().map(|place| u64::from(place.function.0)));
    numbers.column(places.iter().map(|place| word(place.file)));
    numbers.column(places.iter().map(|place| u64::from(place.line)));
    numbers.column(places.iter().map(|place| word(place.module)));
    numbers.column(places.iter().map(|place| u64::from(place.is_inlined)));
    numbers.rows(nodes.len());
    let own_numbers = 1u64..;
    let outer = own_numbers
        .zip(nodes)
        .map(|(own, (outer, _))| own - u64::from(outer.0));
    numbers.column(outer);
    numbers.column(nodes.iter().map(|(_, place)| u64::from(place.0)));
}

fn sites(numbers: &mut Numbers, page: &HtmlPage) {
    let sites = &page.sites;
    numbers.rows(sites.len());
    numbers.column(sites.iter().map(|site| u64::from(site.stack.0)));
    numbers.column(sites.iter().map(|site| u64::from(site.called.0)));
    numbers.column(sites.iter().map(|site| site.peak_bytes));
    numbers.column(sites.iter().map(|site| site.peak_blocks));
    numbers.column(sites.iter().map(|site| site.peak_slack_bytes));
    numbers.column(sites.iter().map(|site| site.alignment));
    numbers.column(sites.iter().map(|site| site.padding_bytes));
    numbers.column(sites.iter().map(|site| site.shared_free_bytes));
    numbers.column(sites.iter().map(|site| site.marks.len() as u64));
    let marks = || sites.iter().map(|site| &*site.marks);
    numbers.rows(marks().map(<[_]>::len).sum());
    numbers.marks(marks(), |mark| u64::from(mark.span), Numbers::put_rise);
    numbers.marks(marks(), |mark| mark.allocations, Numbers::put_rise);
    numbers.marks(marks(), |mark| mark.bytes, Numbers::put_rise);
    numbers.marks(marks(), |mark| mark.temporary, Numbers::put_rise);
    numbers.marks(marks(), |mark| mark.live_bytes, Numbers::put_change);
    numbers.marks(marks(), |mark| mark.live_blocks, Numbers::put_change);
    numbers.marks(marks(), |mark| mark.live_slack_bytes, Numbers::put_change);
}

fn sizes(numbers: &mut Numbers, page: &HtmlPage) {
    let sizes = &page.sizes;
    numbers.rows(sizes.len());
    numbers.column(sizes.iter().map(|class| class.first));
    numbers.column(sizes.iter().map(|class| class.last));
    numbers.column(sizes.iter().map(|class| class.marks.len() as u64));
    let marks = || sizes.iter().map(|class| &*class.marks);
    numbers.rows(marks().map(<[_]>::len).sum());
    numbers.marks(marks(), |mark| u64::from(mark.span), Numbers::put_rise);
    numbers.marks(marks(), |mark| mark.allocations, Numbers::put_rise);
    numbers.marks(marks(), |mark| mark.bytes, Numbers::put_rise);
}

fn threads(numbers: &mut Numbers, page: &HtmlPage) {
    let threads = &page.threads;
    numbers.rows(threads.len());
    numbers.column(threads.iter().map(|thread| thread.left_bytes));
    numbers.column(threads.iter().map(|thread| thread.left_blocks));
    numbers.column(threads.iter().map(|thread| thread.marks.len() as u64));
    let marks = || threads.iter().map(|thread| &*thread.marks);
    numbers.rows(marks().map(<[_]>::len).sum());
    numbers.marks(marks(), |mark| u64::from(mark.span), Numbers::put_rise);
    numbers.marks(marks(), |mark| mark.allocations, Numbers::put_rise);
    numbers.marks(marks(), |mark| mark.bytes, Numbers::put_rise);
    numbers.marks(marks(), |mark| mark.frees, Numbers::put_rise);
    numbers.marks(marks(), |mark| mark.temporary, Numbers::put_rise);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(work: impl Fn(&mut Numbers)) -> Vec<u8> {
        let mut numbers = Numbers::default();
        work(&mut numbers);
        numbers.0
    }

    #[test]
    fn numbers_take_as_many_bytes_as_they_need() {
        assert_eq!(packed(|numbers| numbers.put(0)), [0]);
        assert_eq!(packed(|numbers| numbers.put(127)), [127]);
        assert_eq!(packed(|numbers| numbers.put(300)), [0xac, 2]);
        assert_eq!(packed(|numbers| numbers.put(u64::MAX)).len(), 10);
    }

    #[test]
    fn changes_of_either_sign_are_small() {
        assert_eq!(packed(|numbers| numbers.put_change(5, 4)), [1]);
        assert_eq!(packed(|numbers| numbers.put_change(4, 5)), [2]);
        assert_eq!(packed(|numbers| numbers.put_change(0, 0)), [0]);
        assert_eq!(packed(|numbers| numbers.put_change(u64::MAX, 0)), [2]);
    }

    #[test]
    fn time_that_goes_back_stands_still() {
        assert_eq!(packed(|numbers| numbers.rising([3, 5, 4, 6])), [3, 2, 0, 1]);
    }

    #[test]
    fn an_empty_page_has_ten_empty_tables() {
        assert_eq!(pack(&HtmlPage::default()), [0; 10]);
    }
}
