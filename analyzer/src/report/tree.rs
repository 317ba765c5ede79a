//! The tree of who held the heap, as `ms_print` shows it: from the allocation functions outwards
//! to their callers.
//!
//! A level groups the sites below it by the address of their next caller, so only branches that
//! are large enough to be shown are ever followed.

use super::site::{Cost, SiteView};
use crate::replay::stacks::{CodeAddress, Stacks};
use ldt_trace::NodeId;
use std::collections::HashMap;

/// Deeper callers are not shown: recursion has no end.
const MAX_DEPTH: usize = 100;

/// A caller and what was held through it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The caller; none for what has no caller any more, or is too small to be told apart.
    pub address: Option<CodeAddress>,
    /// Bytes held.
    pub bytes: u64,
    /// Callers of the caller, largest first; the rest of small ones last.
    pub branches: Vec<Branch>,
    /// How many callers a rest stands for.
    pub places: usize,
}

/// The tree of all sites. Branches below `threshold_bytes` are put together.
#[must_use]
pub fn tree(
    stacks: &Stacks,
    sites: impl Iterator<Item = SiteView>,
    cost: Cost,
    threshold_bytes: u64,
) -> Branch {
    let held = sites
        .map(|site| (site.stack, cost.of(&site)))
        .filter(|(_, bytes)| *bytes > 0)
        .collect();
    let grower = Grower {
        stacks,
        threshold_bytes: threshold_bytes.max(1),
    };
    grower.grow(None, held, 0)
}

struct Grower<'a> {
    stacks: &'a Stacks,
    threshold_bytes: u64,
}

impl Grower<'_> {
    /// `held` are the stacks from here outwards, with their bytes.
    fn grow(&self, address: Option<CodeAddress>, held: Vec<(NodeId, u64)>, depth: usize) -> Branch {
        let bytes = held.iter().map(|(_, bytes)| bytes).sum();
        let mut callers: HashMap<CodeAddress, Vec<(NodeId, u64)>> = HashMap::new();
        if depth < MAX_DEPTH {
            for (stack, bytes) in held {
                if let Some((caller, outer)) = self.stacks.step(stack) {
                    callers.entry(caller).or_default().push((outer, bytes));
                }
            }
        }
        let total = |held: &Vec<(NodeId, u64)>| held.iter().map(|(_, bytes)| bytes).sum::<u64>();
        let (large, small): (Vec<_>, Vec<_>) = callers
            .into_iter()
            .partition(|(_, held)| total(held) >= self.threshold_bytes);
        let mut branches: Vec<Branch> = large
            .into_iter()
            .map(|(caller, held)| self.grow(Some(caller), held, depth + 1))
            .collect();
        branches.sort_by_key(|branch| (std::cmp::Reverse(branch.bytes), branch.address));
        if !small.is_empty() {
            branches.push(Branch {
                address: None,
                bytes: small.iter().map(|(_, held)| total(held)).sum(),
                branches: Vec::new(),
                places: small.len(),
            });
        }
        Branch {
            address,
            bytes,
            branches,
            places: 1,
        }
    }
}

impl Branch {
    /// The addresses in the tree.
    pub fn addresses(&self, into: &mut Vec<CodeAddress>) {
        into.extend(self.address);
        for branch in &self.branches {
            branch.addresses(into);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::sites::Balance;
    use ldt_trace::{Function, words::Node};

    fn site(stack: u32, bytes: u64) -> SiteView {
        SiteView {
            number: stack,
            function: Function::Malloc,
            stack: NodeId(stack),
            allocations: 1,
            bytes,
            temporary: 0,
            peak: Balance { bytes, blocks: 1 },
            leaked: Balance::default(),
            at: None,
        }
    }

    #[test]
    fn sites_share_their_callers_and_small_ones_are_put_together() {
        let mut stacks = Stacks::default();
        // main (1) <- f (2), main <- g (3), called from two places (4, 5) and a third (6)
        for (id, parent, ip) in [
            (1, 0, 10),
            (2, 1, 20),
            (3, 1, 30),
            (4, 2, 40),
            (5, 3, 40),
            (6, 3, 50),
        ] {
            stacks.add(&Node {
                id: NodeId(id),
                parent: NodeId(parent),
                ip,
                exact: false,
                cut: false,
                epoch: 0,
            });
        }
        let sites = [site(4, 600), site(5, 395), site(6, 5)];
        let root = tree(&stacks, sites.into_iter(), Cost::Peak, 10);
        assert_eq!(root.bytes, 1000);
        let shape: Vec<_> = root
            .branches
            .iter()
            .map(|branch| {
                (
                    branch.address.map(|at| at.ip),
                    branch.bytes,
                    branch.branches.len(),
                )
            })
            .collect();
        assert_eq!(shape, [(Some(40), 995, 2), (None, 5, 0)]);
        assert_eq!(
            root.branches[0].branches[0].address.map(|at| at.ip),
            Some(20)
        );
    }
}
