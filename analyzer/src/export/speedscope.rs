//! speedscope.app: a file with one profile for each figure, between which the viewer switches. The
//! format is `file-format-spec.ts` of its repository.

use super::places::Places;
use crate::report::Report;
use crate::report::site::Cost;
use serde::Serialize;
use std::borrow::Cow;
use std::io::{self, Write};

#[derive(Serialize)]
struct File<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    exporter: String,
    name: String,
    #[serde(rename = "activeProfileIndex")]
    active_profile: usize,
    shared: Shared<'a>,
    profiles: Vec<Profile>,
}

#[derive(Serialize)]
struct Shared<'a> {
    frames: Vec<Frame<'a>>,
}

#[derive(Serialize)]
struct Frame<'a> {
    name: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
}

/// A profile without time: each sample is a call stack, its weight the figure.
#[derive(Serialize)]
struct Profile {
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'static str,
    unit: &'static str,
    #[serde(rename = "startValue")]
    start_value: u64,
    #[serde(rename = "endValue")]
    end_value: u64,
    samples: Vec<Vec<u32>>,
    weights: Vec<u64>,
}

/// `shown_first` is the figure that the viewer opens with.
pub(super) fn write(report: &Report<'_>, shown_first: Cost, out: &mut dyn Write) -> io::Result<()> {
    let mut places = Places::new(report);
    let profiles: Vec<Profile> = super::COSTS
        .into_iter()
        .map(|cost| profile(report, cost, &mut places))
        .collect();
    let frames = places.all.into_iter().map(|place| Frame {
        name: place.function,
        file: place.file,
        line: place.line,
    });
    let file = File {
        schema: "https://www.speedscope.app/file-format-schema.json",
        exporter: super::creator(),
        name: report.command().join(" "),
        active_profile: super::COSTS
            .iter()
            .position(|cost| *cost == shown_first)
            .unwrap_or(0),
        shared: Shared {
            frames: frames.collect(),
        },
        profiles,
    };
    serde_json::to_writer(&mut *out, &file)?;
    writeln!(out)
}

fn profile(report: &Report<'_>, cost: Cost, places: &mut Places<'_>) -> Profile {
    let mut profile = Profile {
        kind: "sampled",
        name: super::title(cost),
        unit: if cost.is_bytes() { "bytes" } else { "none" },
        start_value: 0,
        end_value: 0,
        samples: Vec::new(),
        weights: Vec::new(),
    };
    for site in report.ranked(cost) {
        let weight = cost.of(&site);
        if weight == 0 {
            break;
        }
        let mut stack = places.stack(&site);
        stack.reverse();
        profile.samples.push(stack);
        profile.weights.push(weight);
        profile.end_value += weight;
    }
    profile
}
