//! A close-up of each site's blocks: how long they lived, and the most that were live at once. Few
//! need it, so it is kept only when asked for.
//!
//! The lives of a site's blocks add up without knowing any of them: all moments of their ends less
//! all moments of their beginnings.

use super::sites::Balance;
use ldt_trace::Tick;

#[derive(Clone, Copy, Debug, Default)]
struct Closely {
    most: Balance,
    begun_ticks: u128,
    ended_ticks: u128,
}

/// See the module.
#[derive(Debug, Default)]
pub struct CloseUp {
    sites: Vec<Closely>,
}

impl CloseUp {
    /// A block came; `live` is what the site has now.
    pub(super) fn gain(&mut self, site: u32, live: Balance, tick: Tick) {
        let of = self.entry(site);
        of.begun_ticks += u128::from(tick);
        if live.bytes > of.most.bytes {
            of.most = live;
        }
    }

    /// A block went.
    pub(super) fn lose(&mut self, site: u32, tick: Tick) {
        self.entry(site).ended_ticks += u128::from(tick);
    }

    fn entry(&mut self, site: u32) -> &mut Closely {
        let place = site as usize;
        if place >= self.sites.len() {
            self.sites.resize(place + 1, Closely::default());
        }
        &mut self.sites[place]
    }

    /// The most bytes that a site ever held, and in how many blocks.
    #[must_use]
    pub fn most(&self, site: usize) -> Balance {
        self.sites
            .get(site)
            .map_or(Balance::default(), |of| of.most)
    }

    /// Ticks that all blocks of a site lived, in sum. Blocks that are live at the end, of which there
    /// are `live`, lived until then.
    #[must_use]
    pub fn lived_ticks(&self, site: usize, live: Balance, end: Tick) -> u128 {
        let of = self.sites.get(site).copied().unwrap_or_default();
        let ended = of.ended_ticks + u128::from(live.blocks) * u128::from(end);
        // Stamps of a damaged trace may go backwards.
        ended.saturating_sub(of.begun_ticks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lives_add_up() {
        let mut close_up = CloseUp::default();
        let live = |bytes, blocks| Balance { bytes, blocks };
        close_up.gain(1, live(10, 1), 100);
        close_up.gain(1, live(30, 2), 150);
        close_up.lose(1, 180);
        close_up.gain(1, live(25, 2), 190);
        // 100 to 180, 150 to 200, 190 to 200; it does not matter which one went.
        assert_eq!(close_up.lived_ticks(1, live(25, 2), 200), 140);
        assert_eq!(close_up.most(1), live(30, 2));
        assert_eq!(close_up.lived_ticks(5, live(0, 0), 200), 0);
    }
}
