//! Writes one picture of everything that can be drawn, as PNG and SVG, light and dark, into the folder
//! given as argument: `cargo run -p ldt-viewer --example gallery -- FOLDER`. To look at after a change.

use std::error::Error;
use std::path::PathBuf;

use ldt_viewer::{
    AgesChart, Canvas, ChangeRow, ChangesChart, DurationBin, FlameDifference, FlameGraph,
    FrameTree, HeapPoint, Image, Layer, LifetimesChart, Mark, Peak, RateBin, RatesChart,
    ResidentSample, Size, SizeBin, SizesChart, Theme, ThreadRow, ThreadsChart, TimelineChart, Unit,
};

const MIB: u64 = 1 << 20;
const MS: u64 = 1_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).ok_or("usage: gallery FOLDER")?;
    let folder = PathBuf::from(folder);
    std::fs::create_dir_all(&folder)?;
    let timelines = [
        ("ramp", ramp()),
        ("sawtooth", sawtooth()),
        ("layers", layers()),
        ("dwarfed", dwarfed()),
        ("empty", titled("empty", "true")),
        ("one_point", one_point()),
        ("terabytes", terabytes()),
        ("long_names", long_names()),
        ("late_peak", late_peak()),
    ];
    let sizes = [
        ("sizes_typical", sizes_typical()),
        ("sizes_dwarfing", sizes_dwarfing()),
        ("sizes_linear", sizes_linear()),
        ("sizes_one", sizes_of(&[(32, 63, 1)])),
        ("sizes_empty", sizes_of(&[])),
    ];
    let flames = [
        ("flame", flame(400)),
        ("flame_ten_thousand", flame(10_000)),
        ("flame_one", flame_of(&[(&["main", "malloc"], 100)])),
        ("flame_empty", flame_of(&[])),
        ("flame_long_names", flame_long_names()),
    ];
    for (theme, suffix) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
        for (image, extension) in [(Image::Png, "png"), (Image::Svg, "svg")] {
            let size = Size::default();
            let canvas = Canvas { image, theme, size };
            let file = |name: &str| folder.join(format!("{name}-{suffix}.{extension}"));
            for (name, chart) in &timelines {
                std::fs::write(file(name), chart.draw(&canvas)?)?;
            }
            for (name, chart) in &sizes {
                std::fs::write(file(name), chart.draw(&canvas)?)?;
            }
            for (name, graph) in &flames {
                std::fs::write(file(name), graph.draw(&canvas)?)?;
            }
            std::fs::write(file("rates"), rates().draw(&canvas)?)?;
            std::fs::write(file("lifetimes"), lifetimes().draw(&canvas)?)?;
            std::fs::write(file("ages"), ages().draw(&canvas)?)?;
            for (name, count) in [
                ("threads_one", 1),
                ("threads_few", 5),
                ("threads_many", 400),
            ] {
                std::fs::write(file(name), threads(count).draw(&canvas)?)?;
            }
            for (name, count) in [
                ("changes_few", 3),
                ("changes_many", 400),
                ("changes_none", 0),
            ] {
                std::fs::write(file(name), changes(count).draw(&canvas)?)?;
            }
            std::fs::write(file("flame_difference"), flame_difference().draw(&canvas)?)?;
        }
    }
    let small = Size {
        width_px: 320,
        height_px: 180,
        scale: 1,
    };
    let canvas = Canvas {
        size: small,
        ..Canvas::png()
    };
    std::fs::write(folder.join("small-timeline.png"), layers().draw(&canvas)?)?;
    std::fs::write(
        folder.join("small-sizes.png"),
        sizes_typical().draw(&canvas)?,
    )?;
    Ok(())
}

fn titled(title: &str, command: &str) -> TimelineChart {
    TimelineChart {
        title: format!("Heap of {title}"),
        subtitle: command.to_owned(),
        ..TimelineChart::default()
    }
}

/// Adds the peak of the points, and an end a tenth after the last of them.
fn with_peak(mut chart: TimelineChart) -> TimelineChart {
    let highest = chart.points.iter().max_by_key(|point| point.high_bytes);
    chart.peak = highest.map(|point| Peak {
        at_ns: point.at_ns,
        bytes: point.high_bytes,
    });
    let last = chart.points.last().map_or(0, |point| point.at_ns);
    chart.to_ns = last + last / 10;
    chart
}

fn ramp() -> TimelineChart {
    let live = |step: u64| match step {
        0..700 => step * step * 1_100,
        700..760 => 700 * 700 * 1_100 - (step - 700) * 6 * MIB,
        _ => 90 * MIB + (step % 40) * MIB / 4,
    };
    let points = (0..1_000).map(|step| HeapPoint::at(step * 3 * MS, live(step)));
    let resident = (0..100).map(|step| ResidentSample {
        at_ns: step * 30 * MS,
        bytes: live((step * 10).min(700)) * 11 / 10 + 14 * MIB,
    });
    with_peak(TimelineChart {
        points: points.collect(),
        resident: resident.collect(),
        ..titled(
            "g++",
            "g++ -std=c++20 -O2 -c regex_heavy.cpp -o regex_heavy.o",
        )
    })
}

fn sawtooth() -> TimelineChart {
    let points = (0..1_000u64).map(|bin| HeapPoint {
        at_ns: bin * MS,
        low_bytes: 8 * MIB + bin * 4_000,
        high_bytes: 8 * MIB + bin * 4_000 + (bin * 37 % 101) * MIB / 4,
    });
    with_peak(TimelineChart {
        points: points.collect(),
        ..titled("redis-server", "redis-server --port 7777 --save ''")
    })
}

fn layers() -> TimelineChart {
    let mut chart = ramp();
    let parts = [
        (30, "cp_parser_translation_unit"),
        (22, "ggc_internal_alloc(unsigned long)"),
        (
            12,
            "std::vector<std::pair<unsigned long, tree_node*>>::_M_realloc_insert",
        ),
        (9, "make_node"),
        (7, "build_int_cst"),
        (4, "xmalloc"),
    ];
    let layer = |(index, (part, name)): (usize, (u64, &str))| Layer {
        name: name.to_owned(),
        bytes: chart
            .points
            .iter()
            .enumerate()
            .map(|(at, point)| {
                point.high_bytes * part / 100 * (if at % 200 < 30 * index { 80 } else { 100 }) / 100
            })
            .collect(),
    };
    chart.layers = parts.into_iter().enumerate().map(layer).collect();
    chart.marks = [
        (600, "leak check"),
        (650, "heap-buffer-overflow"),
        (2_950, "heap-use-after-free"),
    ]
    .map(|(at_ms, label)| Mark {
        at_ns: at_ms * MS,
        label: label.to_owned(),
    })
    .to_vec();
    chart
}

fn dwarfed() -> TimelineChart {
    let mut chart = sawtooth();
    chart.resident = (0..50)
        .map(|step| ResidentSample {
            at_ns: step * 20 * MS,
            bytes: 900 * MIB + step * 9 * MIB,
        })
        .collect();
    chart
}

fn one_point() -> TimelineChart {
    TimelineChart {
        points: vec![HeapPoint::at(3 * MS, 4_096)],
        peak: Some(Peak {
            at_ns: 3 * MS,
            bytes: 4_096,
        }),
        ..titled("one", "./one")
    }
}

fn terabytes() -> TimelineChart {
    let points = (0..60u64).map(|hour| HeapPoint::at(hour * 3_600_000 * MS, (hour * hour) << 30));
    with_peak(TimelineChart {
        points: points.collect(),
        ..titled("warehouse", "warehouse --load everything")
    })
}

fn long_names() -> TimelineChart {
    let name = format!(
        "std::map<{}>::find",
        "std::pair<int, std::string>, ".repeat(170)
    );
    let mut chart = layers();
    for layer in &mut chart.layers {
        layer.name = format!("{}{name}", layer.name);
    }
    chart.title = format!("Heap of {name}");
    chart.subtitle = format!("program {} --last-argument", "argument ".repeat(600));
    chart.marks.clear();
    chart
}

fn late_peak() -> TimelineChart {
    let points = (0..=500u64).map(|step| HeapPoint::at(step * 40_000, step * 9_000));
    let mut chart = with_peak(TimelineChart {
        points: points.collect(),
        ..titled("leaky", "./leaky --forever")
    });
    chart.to_ns = 500 * 40_000;
    chart
}

fn sizes_of(bins: &[(u64, u64, u64)]) -> SizesChart {
    SizesChart {
        title: "Block sizes of python3".into(),
        subtitle: "python3 -m compileall -q -f /usr/lib/python3".into(),
        bins: bins
            .iter()
            .map(|&(from_bytes, to_bytes, allocations)| SizeBin {
                from_bytes,
                to_bytes,
                allocations,
                bytes: allocations * u64::midpoint(from_bytes, to_bytes),
                usable_bytes: allocations * (u64::midpoint(from_bytes, to_bytes) + 11),
            })
            .collect(),
    }
}

fn powers(allocations: &[u64]) -> SizesChart {
    let bin = |(power, count): (usize, &u64)| (1 << power, (2 << power) - 1, *count);
    sizes_of(&allocations.iter().enumerate().map(bin).collect::<Vec<_>>())
}

fn sizes_typical() -> SizesChart {
    powers(&[
        3, 12, 190, 4_100, 98_000, 412_300, 288_120, 61_002, 22_417, 9_120, 4_800, 800, 214, 77,
        31, 12, 9, 3, 1, 0, 2,
    ])
}

fn sizes_dwarfing() -> SizesChart {
    powers(&[
        1, 2, 0, 9, 12_345_678, 40, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
    ])
}

fn sizes_linear() -> SizesChart {
    let bin = |index: u64| {
        (
            index * 16,
            index * 16 + 15,
            90_000 / (index + 1) + index % 7 * 400,
        )
    };
    sizes_of(&(0..640).map(bin).collect::<Vec<_>>())
}

/// Stacks as a compiler makes them: some deep, most shallow, a few that cost most.
fn flame_stacks(count: u64) -> FrameTree<2> {
    const PARSERS: [&str; 6] = [
        "cp_parser_translation_unit",
        "cp_parser_declaration_seq_opt",
        "cp_parser_class_specifier",
        "instantiate_class_template(tree_node*)",
        "tsubst_decl(tree_node*, tree_node*, int)",
        "std::vector<std::pair<unsigned long, tree_node*>, std::allocator<std::pair<unsigned long, tree_node*>>>::_M_realloc_insert",
    ];
    let mut tree = FrameTree::new();
    for stack in 0..count {
        let mut frames = vec!["main".to_owned(), "toplev::main(int, char**)".to_owned()];
        let depth = stack * 7 % 23 + 2;
        for level in 0..depth {
            let parser = PARSERS[(stack / (level + 1) + level) as usize % PARSERS.len()];
            frames.push(match level % 4 {
                3 => format!("{parser}::step_{}", stack % 97),
                _ => parser.to_owned(),
            });
        }
        frames.push(
            if stack % 3 == 0 {
                "malloc"
            } else {
                "ggc_internal_alloc(unsigned long)"
            }
            .to_owned(),
        );
        let after = 40_000_000 / (stack * stack % 9_973 + 40);
        let before = after * (stack % 5) / 2;
        tree.add_names(frames.iter().map(String::as_str), [before, after]);
    }
    tree
}

/// The stacks after, alone.
fn flame(count: u64) -> FlameGraph {
    let both = flame_stacks(count);
    let mut tree = FrameTree::new();
    let frames: Vec<_> = both.frames().collect();
    for frame in frames.iter().filter(|frame| frame.own[1] > 0) {
        let outwards = std::iter::successors(Some(frame), |frame| {
            frame.parent.map(|parent| &frames[parent])
        });
        let mut path: Vec<&str> = outwards.map(|frame| frame.name).collect();
        path.reverse();
        tree.add_names(path, [frame.own[1]]);
    }
    FlameGraph {
        title: "Bytes held at the peak by g++".into(),
        subtitle: "g++ -std=c++20 -O2 -c regex_heavy.cpp -o regex_heavy.o".into(),
        unit: Unit::Bytes,
        tree,
    }
}

fn flame_of(stacks: &[(&[&str], u64)]) -> FlameGraph {
    let mut tree = FrameTree::new();
    for (frames, cost) in stacks {
        tree.add_names(frames.iter().copied(), [*cost]);
    }
    FlameGraph {
        title: "Allocations of one".into(),
        subtitle: "./one".into(),
        unit: Unit::Allocations,
        tree,
    }
}

fn flame_long_names() -> FlameGraph {
    let long = format!(
        "std::map<{}>::find(<script>)",
        "std::pair<int, std::string>, ".repeat(170)
    );
    flame_of(&[
        (&["main", &long, "malloc"], 3 << 40),
        (&["main", "short", "malloc"], 1 << 30),
    ])
}

fn flame_difference() -> FlameDifference {
    FlameDifference {
        title: "Bytes held at the peak by g++, before and after".into(),
        subtitle: "g++ -O0 -c regex_heavy.cpp against g++ -O2 -c regex_heavy.cpp".into(),
        unit: Unit::Bytes,
        tree: flame_stacks(300),
    }
}

fn rates() -> RatesChart {
    let bin = |at: u64| RateBin {
        from_ns: at * MS,
        to_ns: (at + 1) * MS,
        allocations: 300 + at * 37 % 101 + if at / 100 % 3 == 1 { 900 } else { 0 },
        frees: if at < 600 {
            280 + at * 31 % 97
        } else {
            1_200 + at * 13 % 89
        },
    };
    RatesChart {
        title: "Allocations and frees of g++".into(),
        subtitle: "g++ -std=c++20 -O2 -c regex_heavy.cpp -o regex_heavy.o".into(),
        bins: (0..2_000).map(bin).collect(),
    }
}

/// Quarters of powers of ten from 100 ns on, and those too short to tell.
fn durations() -> Vec<DurationBin> {
    let edge = |quarter: i32| 10f64.powf(2.0 + f64::from(quarter) / 4.0).round() as u64;
    let bin = |quarter: i32| {
        let blocks = 900_000 / (1 + u64::from(quarter.unsigned_abs()).pow(3)) + 3;
        DurationBin {
            from_ns: edge(quarter),
            to_ns: edge(quarter + 1),
            blocks,
            bytes: blocks * 60 * u64::from(quarter.unsigned_abs() + 1),
        }
    };
    let too_short = DurationBin {
        from_ns: 0,
        to_ns: 1,
        blocks: 70_000,
        bytes: 3_000_000,
    };
    std::iter::once(too_short).chain((0..34).map(bin)).collect()
}

fn lifetimes() -> LifetimesChart {
    LifetimesChart {
        title: "Lifetimes of blocks of g++".into(),
        subtitle: "g++ -std=c++20 -O2 -c regex_heavy.cpp -o regex_heavy.o".into(),
        bins: durations(),
        never_freed_blocks: 43_183,
    }
}

fn ages() -> AgesChart {
    AgesChart {
        title: "Ages of the blocks live at the peak of g++".into(),
        subtitle: "g++ -std=c++20 -O2 -c regex_heavy.cpp -o regex_heavy.o".into(),
        bins: durations(),
    }
}

fn threads(count: u64) -> ThreadsChart {
    let thread = |number: u64| ThreadRow {
        name: if number == 0 {
            "T0 (main)".into()
        } else {
            format!("T{number} (worker-{number})")
        },
        bytes: 90 * MIB / (number + 1),
        allocations: 800_000 / (number * number + 1),
        frees: 700_000 / (number + 1),
        live_bytes: if number % 3 == 1 {
            0
        } else {
            7 * MIB / (number + 1)
        },
    };
    ThreadsChart {
        title: "Threads of redis-server".into(),
        subtitle: "redis-server --port 7777 --save ''".into(),
        threads: (0..count).map(thread).collect(),
    }
}

fn changes(count: u64) -> ChangesChart {
    let row = |number: u64| ChangeRow {
        name: format!(
            "std::vector<std::pair<unsigned long, tree_node*>>::_M_realloc_insert({number}) ← parse"
        ),
        before: (number * 7 % 5) * MIB,
        after: (number * 11 % 7) * MIB / (number + 1),
    };
    let rows: Vec<ChangeRow> = (0..count).map(row).collect();
    ChangesChart {
        title: "Bytes held at the peak by g++, before and after".into(),
        subtitle: "before: g++ -O0 -c t.cpp; after: g++ -O2 -c t.cpp".into(),
        unit: Unit::Bytes,
        total: (
            rows.iter().map(|row| row.before).sum(),
            rows.iter().map(|row| row.after).sum(),
        ),
        rows,
    }
}
