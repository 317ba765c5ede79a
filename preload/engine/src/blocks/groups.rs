//! What the control groups of the process leave it of memory.
//!
//! The kernel kills where a group's memory is used up: no call fails before that, so whoever keeps memory back must
//! know beforehand. `/proc/self/cgroup` names the group of each hierarchy, in the view of the process; the group and
//! those above it have a limit each. Their files lie where the hierarchy is mounted: nearly always at the usual place,
//! and then nothing more is read. A container that shares the host's view of groups sees its own at the mount's root
//! under a path that is not there; `/proc/self/mountinfo` tells which part of the path that root stands for. (Reading it
//! always takes longer than all else here: it has a line for each mount.)
//!
//! Files are read through a callback, so that this is arithmetic on text.

/// One of the kernel's two ways of laying a hierarchy out.
struct Layout {
    usual_mount: &'static [u8],
    /// What a group may have; the first is what tells whether there is such a group.
    limits: &'static [&'static [u8]],
    used: &'static [u8],
    /// In `memory.stat`: pages of files that the kernel takes back before it kills.
    files: &'static [u8],
}

const VERSION_1: Layout = Layout {
    usual_mount: b"/sys/fs/cgroup/memory",
    limits: &[b"/memory.limit_in_bytes\0"],
    used: b"/memory.usage_in_bytes\0",
    files: b"total_inactive_file ",
};

const VERSION_2: Layout = Layout {
    usual_mount: b"/sys/fs/cgroup",
    limits: &[b"/memory.max\0", b"/memory.high\0"],
    used: b"/memory.current\0",
    files: b"inactive_file ",
};

/// What is left of the tightest limit that is below `most_bytes`; `None` where there is no such limit. `read` gives
/// what a file holds; paths end in NUL.
pub(super) fn left_bytes(most_bytes: u64, read: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Option<u64> {
    let groups = read(b"/proc/self/cgroup\0")?;
    lines(&groups)
        .filter_map(|line| {
            let (layout, path) = hierarchy(line)?;
            left_in(layout, path, most_bytes, &read)
        })
        .min()
}

/// The layout and the path that a line of `/proc/self/cgroup` stands for, where that hierarchy may rule memory.
fn hierarchy(line: &[u8]) -> Option<(&'static Layout, &[u8])> {
    let mut fields = line.splitn(3, |&byte| byte == b':');
    let (_, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
    if controllers.is_empty() {
        Some((&VERSION_2, path))
    } else {
        has_memory(controllers).then_some((&VERSION_1, path))
    }
}

/// Whether a list of controllers (or of a mount's options) has that of memory.
fn has_memory(list: &[u8]) -> bool {
    list.split(|&byte| byte == b',').any(|one| one == b"memory")
}

fn left_in(
    layout: &Layout,
    path: &[u8],
    most_bytes: u64,
    read: &impl Fn(&[u8]) -> Option<Vec<u8>>,
) -> Option<u64> {
    let number_in = |group: &[u8], file: &[u8]| number(&read(&[group, file].concat())?);
    let path = path.strip_suffix(b"/").unwrap_or(path);
    let usual = [layout.usual_mount, path].concat();
    let is_there = |group: &[u8]| read(&[group, layout.limits[0]].concat()).is_some();
    let (mount, group) = if path.is_empty() || is_there(&usual) {
        (layout.usual_mount.to_vec(), usual)
    } else {
        let mounts = read(b"/proc/self/mountinfo\0")?;
        lines(&mounts).find_map(|line| seen_through(line, layout, path))?
    };
    ancestors(&group, mount.len())
        .filter_map(|group| {
            let limits = layout.limits.iter();
            let limit = limits.filter_map(|file| number_in(group, file)).min()?;
            // Version 1 says "none" with a number near the largest, version 2 with a word.
            let is_limit = limit < most_bytes;
            is_limit.then(|| limit.saturating_sub(used_bytes(layout, group, read)))
        })
        .min()
}

/// What the processes of a group hold and would not lose before the kernel kills.
fn used_bytes(layout: &Layout, group: &[u8], read: &impl Fn(&[u8]) -> Option<Vec<u8>>) -> u64 {
    let file = |name: &[u8]| read(&[group, name].concat());
    let used = file(layout.used).and_then(|text| number(&text));
    let files = file(b"/memory.stat\0").and_then(|text| {
        let line = lines(&text).find_map(|line| line.strip_prefix(layout.files));
        line.and_then(number)
    });
    used.unwrap_or(0).saturating_sub(files.unwrap_or(0))
}

/// Where a group's files are seen through a mount (a line of `/proc/self/mountinfo`), if it is one of that hierarchy:
/// the mount, and the group's folder in it.
///
/// `35 31 0:32 /root /mount/point rw,relatime shared:1 - cgroup source rw,memory`
fn seen_through(line: &[u8], layout: &Layout, path: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut words = line.split(|&byte| byte == b' ');
    let (root, mount) = (words.nth(3)?, words.next()?);
    let mut system = words.skip_while(|&word| word != b"-").skip(1);
    let (kind, options) = (system.next()?, system.nth(1)?);
    let is_it = match kind {
        b"cgroup2" => core::ptr::eq(layout, &VERSION_2),
        b"cgroup" => core::ptr::eq(layout, &VERSION_1) && has_memory(options),
        _ => false,
    };
    let (root, mount) = (unescaped(root), unescaped(mount));
    let root = root.strip_suffix(b"/").unwrap_or(&root);
    let below = path.strip_prefix(root);
    // A path outside of the mount's root: what can be seen is the root alone.
    let below = below.filter(|below| below.is_empty() || below.starts_with(b"/"));
    let group = [&mount, below.unwrap_or_default()].concat();
    is_it.then_some((mount, group))
}

/// The kernel writes blanks and backslashes as `\` and three octal digits.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after.get(..3).filter(|_| byte == b'\\');
        let code = digits.and_then(|digits| {
            let digits = core::str::from_utf8(digits).ok()?;
            u8::from_str_radix(digits, 8).ok()
        });
        plain.push(code.unwrap_or(byte));
        rest = code.map_or(after, |_| &after[3..]);
    }
    plain
}

/// A folder and those above it, down to the mount's, whose name has so many bytes.
fn ancestors(group: &[u8], mount_bytes: usize) -> impl Iterator<Item = &[u8]> {
    core::iter::successors(Some(group), move |group| {
        let below = group.get(mount_bytes..)?;
        let slash = below.iter().rposition(|&byte| byte == b'/')?;
        group.get(..mount_bytes + slash)
    })
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&byte| byte == b'\n')
}

fn number(text: &[u8]) -> Option<u64> {
    core::str::from_utf8(text).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: u64 = 8 << 30;

    /// What is left where the kernel's files are these.
    fn left(files: &[(&str, &str)]) -> Option<u64> {
        left_bytes(MOST, |path| {
            let path = path.strip_suffix(b"\0").expect("paths end in NUL");
            let file = files.iter().find(|(name, _)| name.as_bytes() == path);
            file.map(|(_, text)| text.as_bytes().to_vec())
        })
    }

    #[test]
    fn version_1_leaves_what_is_not_used() {
        let files = [
            (
                "/proc/self/cgroup",
                "9:name=systemd:/\n4:cpu,memory:/a/b\n0::/\n",
            ),
            (
                "/sys/fs/cgroup/memory/a/b/memory.limit_in_bytes",
                "50331648\n",
            ),
            (
                "/sys/fs/cgroup/memory/a/b/memory.usage_in_bytes",
                "3000000\n",
            ),
            (
                "/sys/fs/cgroup/memory/a/b/memory.stat",
                "inactive_file 7\ntotal_inactive_file 1000000\n",
            ),
            (
                "/sys/fs/cgroup/memory/a/memory.limit_in_bytes",
                "9223372036854771712\n",
            ),
            (
                "/sys/fs/cgroup/memory/memory.limit_in_bytes",
                "9223372036854771712\n",
            ),
        ];
        assert_eq!(left(&files), Some(48_331_648));
    }

    #[test]
    fn version_2_has_its_ancestors_limits() {
        let files = [
            ("/proc/self/cgroup", "0::/user.slice/app.scope\n"),
            ("/sys/fs/cgroup/user.slice/app.scope/memory.max", "max\n"),
            ("/sys/fs/cgroup/user.slice/app.scope/memory.high", "max\n"),
            ("/sys/fs/cgroup/user.slice/memory.max", "1000000\n"),
            ("/sys/fs/cgroup/user.slice/memory.high", "max\n"),
            ("/sys/fs/cgroup/user.slice/memory.current", "400000\n"),
            (
                "/sys/fs/cgroup/user.slice/memory.stat",
                "anon 5\ninactive_file 100000\n",
            ),
        ];
        assert_eq!(left(&files), Some(700_000));
    }

    #[test]
    fn throttling_counts_as_a_limit() {
        let files = [
            ("/proc/self/cgroup", "0::/\n"),
            ("/sys/fs/cgroup/memory.max", "2000000\n"),
            ("/sys/fs/cgroup/memory.high", "1500000\n"),
            ("/sys/fs/cgroup/memory.current", "500000\n"),
        ];
        assert_eq!(left(&files), Some(1_000_000));
    }

    #[test]
    fn a_container_sees_its_own_group_at_the_mounts_root() {
        let mounts = "30 23 0:5 / /proc rw - proc proc rw\n\
            31 23 0:27 /docker/7 /sys/fs/cgroup/cpu ro master:9 - cgroup cgroup rw,cpu\n\
            32 23 0:28 /docker/7 /sys/fs/cgroup/memory ro master:11 - cgroup cgroup rw,memory\n";
        let own = ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "1000000");
        let nested = ("/sys/fs/cgroup/memory/job/memory.limit_in_bytes", "300000");
        let in_it = [
            ("/proc/self/cgroup", "4:memory:/docker/7\n"),
            ("/proc/self/mountinfo", mounts),
            own,
        ];
        assert_eq!(left(&in_it), Some(1_000_000));
        let below_it = [
            ("/proc/self/cgroup", "4:memory:/docker/7/job\n"),
            ("/proc/self/mountinfo", mounts),
            own,
            nested,
        ];
        assert_eq!(left(&below_it), Some(300_000));
        let beside_it = [
            ("/proc/self/cgroup", "4:memory:/docker/77\n"),
            ("/proc/self/mountinfo", mounts),
            own,
            nested,
        ];
        assert_eq!(left(&beside_it), Some(1_000_000));
    }

    #[test]
    fn a_mount_may_be_anywhere() {
        let files = [
            ("/proc/self/cgroup", "0::/a\n"),
            (
                "/proc/self/mountinfo",
                "40 23 0:30 / /mnt/my\\040groups rw - cgroup2 cgroup2 rw,nsdelegate\n",
            ),
            ("/mnt/my groups/a/memory.max", "12345\n"),
        ];
        assert_eq!(left(&files), Some(12_345));
    }

    #[test]
    fn no_limit_is_none() {
        assert_eq!(left(&[]), None);
        assert_eq!(left(&[("/proc/self/cgroup", "0::/\n")]), None);
        assert_eq!(
            left(&[("/proc/self/cgroup", "nonsense\n\n1:memory\n")]),
            None
        );
        let as_much_as_there_is = [
            ("/proc/self/cgroup", "0::/\n"),
            ("/sys/fs/cgroup/memory.max", "8589934592\n"),
        ];
        assert_eq!(left(&as_much_as_there_is), None);
    }
}
