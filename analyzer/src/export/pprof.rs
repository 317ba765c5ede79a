//! pprof: gzipped `profile.proto` of google/pprof.
//!
//! The function called (`malloc`) is a label of each sample, not a frame: else all that `pprof -top`
//! shows as *flat* would be malloc's, and the lines that call it nothing. `-tagfocus` finds it.

use super::places;
use crate::replay::facts::LoadedModule;
use crate::replay::stacks::CodeAddress;
use crate::report::Report;
use crate::report::site::{Cost, SiteView};
use crate::symbols::debug_files::hex;
use flate2::Compression;
use flate2::write::GzEncoder;
use prost::Message;
use rustc_hash::FxHashMap;
use std::io::{self, Write};

/// The messages, with the numbers of `profile.proto`.
mod proto {
    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Profile {
        #[prost(message, repeated, tag = "1")]
        pub(super) sample_type: Vec<ValueType>,
        #[prost(message, repeated, tag = "2")]
        pub(super) sample: Vec<Sample>,
        #[prost(message, repeated, tag = "3")]
        pub(super) mapping: Vec<Mapping>,
        #[prost(message, repeated, tag = "4")]
        pub(super) location: Vec<Location>,
        #[prost(message, repeated, tag = "5")]
        pub(super) function: Vec<Function>,
        #[prost(string, repeated, tag = "6")]
        pub(super) string_table: Vec<String>,
        #[prost(int64, tag = "9")]
        pub(super) time_nanos: i64,
        #[prost(int64, tag = "10")]
        pub(super) duration_nanos: i64,
        #[prost(message, optional, tag = "11")]
        pub(super) period_type: Option<ValueType>,
        #[prost(int64, tag = "12")]
        pub(super) period: i64,
        #[prost(int64, repeated, tag = "13")]
        pub(super) comment: Vec<i64>,
        #[prost(int64, tag = "14")]
        pub(super) default_sample_type: i64,
    }

    #[derive(Clone, Copy, PartialEq, prost::Message)]
    pub(super) struct ValueType {
        #[prost(int64, tag = "1")]
        pub(super) kind: i64,
        #[prost(int64, tag = "2")]
        pub(super) unit: i64,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Sample {
        #[prost(uint64, repeated, tag = "1")]
        pub(super) location_id: Vec<u64>,
        #[prost(int64, repeated, tag = "2")]
        pub(super) value: Vec<i64>,
        #[prost(message, repeated, tag = "3")]
        pub(super) label: Vec<Label>,
    }

    #[derive(Clone, Copy, PartialEq, prost::Message)]
    pub(super) struct Label {
        #[prost(int64, tag = "1")]
        pub(super) key: i64,
        #[prost(int64, tag = "2")]
        pub(super) text: i64,
    }

    #[derive(Clone, Copy, PartialEq, prost::Message)]
    pub(super) struct Mapping {
        #[prost(uint64, tag = "1")]
        pub(super) id: u64,
        #[prost(uint64, tag = "2")]
        pub(super) memory_start: u64,
        #[prost(uint64, tag = "3")]
        pub(super) memory_limit: u64,
        #[prost(uint64, tag = "4")]
        pub(super) file_offset: u64,
        #[prost(int64, tag = "5")]
        pub(super) filename: i64,
        #[prost(int64, tag = "6")]
        pub(super) build_id: i64,
        #[prost(bool, tag = "7")]
        pub(super) has_functions: bool,
        #[prost(bool, tag = "8")]
        pub(super) has_filenames: bool,
        #[prost(bool, tag = "9")]
        pub(super) has_line_numbers: bool,
        #[prost(bool, tag = "10")]
        pub(super) has_inline_frames: bool,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Location {
        #[prost(uint64, tag = "1")]
        pub(super) id: u64,
        #[prost(uint64, tag = "2")]
        pub(super) mapping_id: u64,
        #[prost(uint64, tag = "3")]
        pub(super) address: u64,
        #[prost(message, repeated, tag = "4")]
        pub(super) line: Vec<Line>,
    }

    #[derive(Clone, Copy, PartialEq, prost::Message)]
    pub(super) struct Line {
        #[prost(uint64, tag = "1")]
        pub(super) function_id: u64,
        #[prost(int64, tag = "2")]
        pub(super) line: i64,
    }

    #[derive(Clone, Copy, PartialEq, prost::Message)]
    pub(super) struct Function {
        #[prost(uint64, tag = "1")]
        pub(super) id: u64,
        #[prost(int64, tag = "2")]
        pub(super) name: i64,
        #[prost(int64, tag = "3")]
        pub(super) system_name: i64,
        #[prost(int64, tag = "4")]
        pub(super) filename: i64,
    }
}

/// A column of figures: the name that pprof's users know, its unit, and whence it comes. Live at
/// the end is what pprof's heap profiles call *in use*.
struct Column {
    name: &'static str,
    unit: &'static str,
    of: fn(&SiteView) -> u64,
    cost: Option<Cost>,
}

const COLUMNS: [Column; 7] = [
    Column {
        name: "alloc_objects",
        unit: "count",
        of: |site| site.allocations,
        cost: Some(Cost::Allocations),
    },
    Column {
        name: "alloc_space",
        unit: "bytes",
        of: |site| site.bytes,
        cost: Some(Cost::Bytes),
    },
    Column {
        name: "inuse_objects",
        unit: "count",
        of: |site| site.leaked.blocks,
        cost: None,
    },
    Column {
        name: "inuse_space",
        unit: "bytes",
        of: |site| site.leaked.bytes,
        cost: Some(Cost::Leaked),
    },
    Column {
        name: "peak_objects",
        unit: "count",
        of: |site| site.peak.blocks,
        cost: None,
    },
    Column {
        name: "peak_space",
        unit: "bytes",
        of: |site| site.peak.bytes,
        cost: Some(Cost::Peak),
    },
    Column {
        name: "temporary_objects",
        unit: "count",
        of: |site| site.temporary,
        cost: Some(Cost::Temporary),
    },
];

/// Strings are named by their place in a table, of which the first is empty.
#[derive(Default)]
struct Strings {
    all: Vec<String>,
    numbers: FxHashMap<String, i64>,
}

impl Strings {
    fn number(&mut self, text: &str) -> i64 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.all.len() as i64;
        self.all.push(text.to_owned());
        self.numbers.insert(text.to_owned(), number);
        number
    }
}

struct Builder<'a> {
    report: &'a Report<'a>,
    profile: proto::Profile,
    strings: Strings,
    locations: FxHashMap<CodeAddress, u64>,
    functions: FxHashMap<(i64, i64), u64>,
    mappings: FxHashMap<usize, u64>,
}

/// `shown_first` is the column that pprof shows when it is not told another.
pub(super) fn write(report: &Report<'_>, shown_first: Cost, out: &mut dyn Write) -> io::Result<()> {
    let mut builder = Builder {
        report,
        profile: proto::Profile::default(),
        strings: Strings::default(),
        locations: FxHashMap::default(),
        functions: FxHashMap::default(),
        mappings: FxHashMap::default(),
    };
    builder.strings.number("");
    builder.about_the_run(shown_first);
    for site in report.ranked(Cost::Bytes) {
        builder.sample(&site);
    }
    builder.profile.string_table = builder.strings.all;
    let mut gzip = GzEncoder::new(out, Compression::default());
    gzip.write_all(&builder.profile.encode_to_vec())?;
    gzip.finish()?.flush()
}

impl Builder<'_> {
    fn about_the_run(&mut self, shown_first: Cost) {
        for column in &COLUMNS {
            let value_type = proto::ValueType {
                kind: self.strings.number(column.name),
                unit: self.strings.number(column.unit),
            };
            self.profile.sample_type.push(value_type);
        }
        let first = COLUMNS
            .iter()
            .find(|column| column.cost == Some(shown_first));
        self.profile.default_sample_type =
            first.map_or(0, |column| self.strings.number(column.name));
        // Every allocation is a sample: pprof must not scale.
        self.profile.period_type = Some(proto::ValueType {
            kind: self.strings.number("space"),
            unit: self.strings.number("bytes"),
        });
        self.profile.period = 1;
        let replayed = self.report.replayed;
        self.profile.time_nanos = signed(replayed.header.start_realtime_ns);
        self.profile.duration_nanos = signed(replayed.clock.ns(replayed.end_tick));
        let command = self.report.command().join(" ");
        for comment in [super::creator(), command] {
            let comment = self.strings.number(&comment);
            self.profile.comment.push(comment);
        }
    }

    fn sample(&mut self, site: &SiteView) {
        let frames: Vec<CodeAddress> = self.report.replayed.stacks.frames(site.stack).collect();
        let location_id = frames
            .into_iter()
            .map(|address| self.location(address))
            .collect();
        let label = proto::Label {
            key: self.strings.number("function"),
            text: self.strings.number(site.function.shown()),
        };
        self.profile.sample.push(proto::Sample {
            location_id,
            value: COLUMNS
                .iter()
                .map(|column| signed((column.of)(site)))
                .collect(),
            label: vec![label],
        });
    }

    fn location(&mut self, address: CodeAddress) -> u64 {
        if let Some(id) = self.locations.get(&address) {
            return *id;
        }
        let facts = &self.report.replayed.facts;
        let module = facts.module_of(address.lookup(), address.epoch);
        let mapping_id = module.map_or(0, |number| self.mapping(number, &facts.modules[number]));
        let frames: Vec<_> = self.report.naming().frames_at(address).collect();
        let line = frames
            .iter()
            .map(|frame| proto::Line {
                function_id: self.function(&places::name(frame), frame.file.unwrap_or("")),
                line: frame.line.map_or(0, i64::from),
            })
            .collect();
        let id = self.profile.location.len() as u64 + 1;
        self.profile.location.push(proto::Location {
            id,
            mapping_id,
            // pprof looks a location up at its address, as we do.
            address: address.lookup(),
            line,
        });
        self.locations.insert(address, id);
        id
    }

    fn mapping(&mut self, number: usize, module: &LoadedModule) -> u64 {
        if let Some(id) = self.mappings.get(&number) {
            return *id;
        }
        let id = self.profile.mapping.len() as u64 + 1;
        self.profile.mapping.push(proto::Mapping {
            id,
            memory_start: module.start,
            memory_limit: module.end,
            file_offset: 0,
            filename: self.strings.number(&module.path.to_string_lossy()),
            build_id: self.strings.number(&hex(&module.build_id)),
            // All names that can be found are in the file: pprof need not look for the binaries.
            has_functions: true,
            has_filenames: true,
            has_line_numbers: true,
            has_inline_frames: true,
        });
        self.mappings.insert(number, id);
        id
    }

    fn function(&mut self, name: &str, file: &str) -> u64 {
        let name = self.strings.number(name);
        let filename = self.strings.number(file);
        let next = self.profile.function.len() as u64 + 1;
        let id = *self.functions.entry((name, filename)).or_insert(next);
        if id == next {
            self.profile.function.push(proto::Function {
                id,
                name,
                system_name: name,
                filename,
            });
        }
        id
    }
}

fn signed(figure: u64) -> i64 {
    i64::try_from(figure).unwrap_or(i64::MAX)
}
