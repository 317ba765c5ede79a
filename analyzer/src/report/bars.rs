//! Bars and sparklines of block characters, an eighth of a character fine.

const EIGHTHS: [char; 9] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];
const HEIGHTS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A bar of `width` characters, as long as `part` of `whole` says. What is not nothing is seen.
#[must_use]
pub fn bar(part: u64, whole: u64, width: usize) -> String {
    let most = width * 8;
    let exact = part as f64 * most as f64 / whole.max(1) as f64;
    let eighths = (exact.round() as usize).clamp(usize::from(part > 0), most);
    let mut bar: String = std::iter::repeat_n(EIGHTHS[8], eighths / 8).collect();
    if !eighths.is_multiple_of(8) {
        bar.push(EIGHTHS[eighths % 8]);
    }
    let blank = width - bar.chars().count();
    bar.extend(std::iter::repeat_n(' ', blank));
    bar
}

/// Heights over time in at most `width` characters, each as high as the largest of those that fall
/// to it; the place of the first that is the largest of all.
#[must_use]
pub fn sparkline(heights: &[u64], width: usize) -> (String, usize) {
    let most = heights.iter().copied().max().unwrap_or(0);
    let columns = width.min(heights.len());
    let edge = |column: usize| column * heights.len() / columns.max(1);
    let tops: Vec<u64> = (0..columns)
        .map(|column| {
            let part = &heights[edge(column)..edge(column + 1)];
            part.iter().copied().max().unwrap_or(0)
        })
        .collect();
    let peak = tops.iter().position(|top| *top == most).unwrap_or(0);
    let line = tops.iter().map(|top| {
        let exact = *top as f64 * 8.0 / most.max(1) as f64;
        HEIGHTS[(exact.ceil() as usize).min(8)]
    });
    (line.collect(), peak)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bars_are_as_long_as_their_share() {
        assert_eq!(bar(1, 1, 4), "████");
        assert_eq!(bar(1, 2, 4), "██  ");
        assert_eq!(bar(3, 16, 4), "▊   ");
        assert_eq!(bar(0, 9, 3), "   ");
        assert_eq!(bar(1, 1_000_000, 3), "▏  ");
        assert_eq!(bar(5, 0, 2), "██");
    }

    #[test]
    fn sparklines_keep_every_peak() {
        assert_eq!(sparkline(&[0, 1, 8, 4], 9), (" ▁█▄".to_owned(), 2));
        assert_eq!(sparkline(&[1, 9, 1, 1, 1, 1], 3), ("█▁▁".to_owned(), 0));
        assert_eq!(sparkline(&[], 9), (String::new(), 0));
        assert_eq!(sparkline(&[0, 0], 9).0, "  ");
    }

    proptest! {
        #[test]
        fn any_numbers_fit(part: u64, whole: u64, heights in prop::collection::vec(any::<u64>(), 0..200)) {
            prop_assert_eq!(bar(part, whole, 20).chars().count(), 20);
            let (line, peak) = sparkline(&heights, 64);
            prop_assert!(line.chars().count() <= 64);
            prop_assert!(heights.is_empty() || line.chars().nth(peak).is_some());
        }
    }
}
