//! callgrind.out: the call graph, for KCachegrind and callgrind_annotate.
//!
//! The line that calls the allocation function bears the cost itself. The allocation function is no
//! function of the graph: else it would bear all, and source lines nothing.
//!
//! Readers add up the calls of a function for its inclusive cost, which would exceed the total where
//! it recurses. So of one stack only the outermost call of each function has figures; the others are
//! there without, so that the graph is whole.

use super::places::{Place, Places};
use crate::report::Report;
use crate::report::site::{Cost, SiteView};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Write};
use std::path::Path;

/// Figures in the order of the `events:` line.
type Figures = [u64; super::COSTS.len()];

/// A function of the graph.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Node<'a> {
    module: Option<&'a Path>,
    file: Option<&'a str>,
    function: String,
}

/// A function's number and a line of it.
type NodeLine = (u32, u32);

#[derive(Default)]
struct Graph<'a> {
    nodes: Vec<Node<'a>>,
    numbers: HashMap<Node<'a>, u32>,
    own: BTreeMap<NodeLine, Figures>,
    /// By caller and callee: how many allocations, and their figures.
    calls: BTreeMap<(NodeLine, NodeLine), (u64, Figures)>,
}

/// `shown_first` is the event that readers sort by.
pub(super) fn write(report: &Report<'_>, shown_first: Cost, out: &mut dyn Write) -> io::Result<()> {
    let mut costs = super::COSTS;
    costs.sort_by_key(|cost| *cost != shown_first);
    let mut places = Places::new(report);
    let mut stacks = Vec::new();
    for site in report.sites.iter() {
        let mut stack = places.callers(&site);
        if stack.is_empty() {
            stack.push(places.called(&site));
        }
        stacks.push(stack);
    }
    let mut graph = Graph::default();
    let lines: Vec<NodeLine> = places.all.iter().map(|place| graph.node(place)).collect();
    let mut total = Figures::default();
    for (site, stack) in report.sites.iter().zip(&stacks) {
        let figures = costs.map(|cost| cost.of(&site));
        add(&mut total, &figures);
        graph.add(&site, stack, &lines, &figures);
    }
    head(report, &costs, &total, out)?;
    graph.write(out)
}

fn add(sum: &mut Figures, figures: &Figures) {
    for (sum, figure) in sum.iter_mut().zip(figures) {
        *sum = sum.saturating_add(*figure);
    }
}

fn head(
    report: &Report<'_>,
    costs: &[Cost],
    total: &Figures,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "# callgrind format\nversion: 1")?;
    writeln!(out, "creator: {}", super::creator())?;
    writeln!(out, "pid: {}", report.replayed.header.pid)?;
    writeln!(out, "cmd: {}", word(&report.command().join(" ")))?;
    writeln!(out, "part: 1\n\npositions: line")?;
    for cost in costs {
        writeln!(out, "event: {} : {}", event(*cost), super::title(*cost))?;
    }
    let events: Vec<&str> = costs.iter().map(|cost| event(*cost)).collect();
    writeln!(out, "events: {}", events.join(" "))?;
    writeln!(out, "summary: {}", shown(total))
}

fn event(cost: Cost) -> &'static str {
    match cost {
        Cost::Peak => "PeakBytes",
        Cost::Leaked => "LeakedBytes",
        Cost::Bytes => "AllocatedBytes",
        Cost::Allocations => "Allocations",
        Cost::Temporary => "Temporary",
        Cost::At => "BytesThen",
    }
}

impl<'a> Graph<'a> {
    fn node(&mut self, place: &Place<'a>) -> NodeLine {
        let node = Node {
            module: place.module,
            file: place.file,
            function: word(&place.function),
        };
        let next = self.nodes.len() as u32;
        let number = *self.numbers.entry(node.clone()).or_insert(next);
        if number == next {
            self.nodes.push(node);
        }
        (number, place.line.unwrap_or(0))
    }

    /// Adds a site; its stack is innermost first.
    fn add(&mut self, site: &SiteView, stack: &[u32], lines: &[NodeLine], figures: &Figures) {
        let at = |place: &u32| lines[*place as usize];
        let Some(innermost) = stack.first() else {
            return;
        };
        add(self.own.entry(at(innermost)).or_default(), figures);
        let mut called: HashSet<u32> = stack.last().map(|root| at(root).0).into_iter().collect();
        for pair in stack.windows(2).rev() {
            let (callee, caller) = (at(&pair[0]), at(&pair[1]));
            let call = self.calls.entry((caller, callee)).or_default();
            call.0 += site.allocations;
            if called.insert(callee.0) {
                add(&mut call.1, figures);
            }
        }
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut names = Names::default();
        for (number, node) in (0..).zip(&self.nodes) {
            writeln!(out)?;
            names.position(node, "", out)?;
            for ((_, line), figures) in self.own.range((number, 0)..=(number, u32::MAX)) {
                writeln!(out, "{line} {}", shown(figures))?;
            }
            let first = ((number, 0), (0, 0));
            let last = ((number, u32::MAX), (u32::MAX, u32::MAX));
            for ((caller, callee), (count, figures)) in self.calls.range(first..=last) {
                names.position(&self.nodes[callee.0 as usize], "c", out)?;
                writeln!(out, "calls={count} {}", callee.1)?;
                writeln!(out, "{} {}", caller.1, shown(figures))?;
            }
        }
        Ok(())
    }
}

/// Names are written once and numbered from then on, each kind by itself.
#[derive(Default)]
struct Names {
    objects: HashMap<String, usize>,
    files: HashMap<String, usize>,
    functions: HashMap<String, usize>,
}

impl Names {
    /// Says which function what follows is about; with the prefix `c`, which is called.
    fn position(&mut self, node: &Node<'_>, prefix: &str, out: &mut dyn Write) -> io::Result<()> {
        let unknown = || "???".to_owned();
        let object = node
            .module
            .map_or_else(unknown, |path| word(&path.to_string_lossy()));
        let file = node.file.map_or_else(unknown, word);
        let object_key = if prefix.is_empty() { "ob" } else { "cob" };
        let file_key = if prefix.is_empty() { "fl" } else { "cfi" };
        writeln!(out, "{object_key}={}", numbered(&mut self.objects, object))?;
        writeln!(out, "{file_key}={}", numbered(&mut self.files, file))?;
        let function = numbered(&mut self.functions, node.function.clone());
        writeln!(out, "{prefix}fn={function}")
    }
}

fn numbered(names: &mut HashMap<String, usize>, name: String) -> String {
    let next = names.len() + 1;
    match names.get(&name) {
        Some(number) => format!("({number})"),
        None => {
            let text = format!("({next}) {name}");
            names.insert(name, next);
            text
        }
    }
}

fn shown(figures: &Figures) -> String {
    figures.map(|figure| figure.to_string()).join(" ")
}

/// A name that stays in its line.
fn word(name: &str) -> String {
    name.replace(char::is_control, " ")
}
