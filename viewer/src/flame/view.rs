//! Which boxes a picture of some width shows before anybody zooms, and where. What is narrower than half a
//! pixel becomes, with its neighbours, one grey box: thousands of slivers are slow and say no more.

use super::boxes::Boxes;

/// Narrower ones are joined.
const NARROWEST_PX: f64 = 0.5;

/// A rectangle of the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Seen {
    /// The box that it shows; none for several narrow ones.
    pub(super) number: Option<usize>,
    pub(super) level: usize,
    /// In CSS pixels from the left edge of the root.
    pub(super) left: f64,
    pub(super) width: f64,
}

/// What is seen when the root is `width_px` wide.
pub(super) fn seen(boxes: &Boxes<'_>, width_px: f64) -> Vec<Seen> {
    let whole = boxes.all[0].weight;
    if whole == 0 {
        return Vec::new();
    }
    let px = width_px / whole as f64;
    let mut seen: Vec<Seen> = Vec::new();
    let mut hidden_below = usize::MAX;
    for (number, one) in boxes.all.iter().enumerate() {
        if one.level > hidden_below {
            continue; // its parent is too narrow already
        }
        hidden_below = usize::MAX;
        let (left, width) = (one.left as f64 * px, one.weight as f64 * px);
        if width >= NARROWEST_PX {
            let number = Some(number);
            let level = one.level;
            seen.push(Seen {
                number,
                level,
                left,
                width,
            });
            continue;
        }
        hidden_below = one.level;
        match seen.last_mut() {
            Some(last)
                if last.number.is_none()
                    && last.level == one.level
                    && (last.left + last.width - left).abs() < 0.01 =>
            {
                last.width += width;
            }
            _ => seen.push(Seen {
                number: None,
                level: one.level,
                left,
                width,
            }),
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::super::boxes::Weights;
    use super::*;
    use crate::frames::FrameTree;

    #[test]
    fn neighbours_too_narrow_to_see_become_one_box() {
        let mut tree = FrameTree::new();
        for index in 0..10_000 {
            tree.add_names(["main", &format!("f{index}"), "malloc"], [1]);
        }
        let own: Vec<u64> = tree.frames().map(|frame| frame.own[0]).collect();
        let boxes = Boxes::of(&tree, &Weights::of(&tree, &own));
        let seen = seen(&boxes, 1_000.0);
        let shown: Vec<_> = seen
            .iter()
            .map(|one| (one.number, one.level, one.width.round()))
            .collect();
        assert_eq!(
            shown,
            [
                (Some(0), 0, 1_000.0),
                (Some(1), 1, 1_000.0),
                (None, 2, 1_000.0)
            ]
        );
    }
}
