//! A folder in which traces come to be: who is there, looked up only when that may have changed.
//!
//! A folder of temporary files has thousands, and listing them every few milliseconds took a twentieth of the run's
//! CPU time. Whatever comes, goes or is renamed there changes the folder's time, which one look gives. That time
//! moves in steps, so a listing that was made within a step of it may lack what came later in the same step.
//! Where others keep changing the folder that would be a listing at each look, so listings have a share of the time.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// Which file, whatever its name: when a process execs, the trace before it is renamed.
pub type Identity = (u64, u64);

/// No clock of a file system that counts less than seconds has longer steps.
const STEP: Duration = Duration::from_millis(100);
/// Steps of those that count seconds.
const LONG_STEP: Duration = Duration::from_secs(2);
/// A listing is renewed after so many looks in any case: a file server's clock is not ours.
const LOOKS_MAX: u32 = 50;
/// Listings may take one part in so many of the time. Of 100,000 files, with others coming every 10 ms, they took
/// two thirds of it.
const SHARE: u32 = 50;

/// Where traces come to be.
#[derive(Clone, Debug)]
pub struct Place {
    /// The folder.
    pub folder: PathBuf,
    /// What their names begin with.
    pub prefix: String,
    /// Files that were there before.
    before: HashSet<Identity>,
    listed: Option<Listed>,
    /// When the last listing began, and how long it took.
    spent: Option<(Instant, Duration)>,
}

/// The last listing.
#[derive(Clone, Copy, Debug)]
struct Listed {
    /// The folder's time just before it.
    folder_changed: SystemTime,
    /// Whether whatever comes later is certain to change that time.
    is_settled: bool,
    looks_since: u32,
}

impl Listed {
    /// What a listing that begins now is worth, when the folder's time is this.
    fn beginning(folder_changed: SystemTime, now: SystemTime) -> Self {
        let since_epoch = folder_changed.duration_since(SystemTime::UNIX_EPOCH);
        let step = match since_epoch.map(|time| time.subsec_nanos()) {
            Ok(0) => LONG_STEP,
            _ => STEP,
        };
        Listed {
            folder_changed,
            is_settled: now
                .duration_since(folder_changed)
                .is_ok_and(|age| age > step),
            looks_since: 0,
        }
    }

    /// Whether a new one would be the same, when the folder's time is this now.
    fn is_good(&self, folder_changed: SystemTime) -> bool {
        self.is_settled && self.folder_changed == folder_changed && self.looks_since < LOOKS_MAX
    }
}

impl Place {
    /// All new files in a folder whose name begins so.
    #[must_use]
    pub fn new(folder: &Path, prefix: &str) -> Self {
        let mut place = Place {
            folder: folder.to_owned(),
            prefix: prefix.to_owned(),
            before: HashSet::new(),
            listed: None,
            spent: None,
        };
        place.before = place
            .files()
            .into_iter()
            .map(|(identity, _)| identity)
            .collect();
        place
    }

    /// The traces that are there, by name; none when they are certain to be those of the last time, or when it is too
    /// early for another listing.
    pub fn changed_files(&mut self) -> Vec<(Identity, PathBuf)> {
        let now = Instant::now();
        if self
            .spent
            .is_some_and(|(began, took)| is_early(now.duration_since(began), took))
        {
            return Vec::new();
        }
        let changed = fs::metadata(&self.folder).and_then(|folder| folder.modified());
        let Ok(changed) = changed else {
            self.listed = None;
            return self.list(now);
        };
        if let Some(listed) = &mut self.listed
            && listed.is_good(changed)
        {
            listed.looks_since += 1;
            return Vec::new();
        }
        self.listed = Some(Listed::beginning(changed, SystemTime::now()));
        self.list(now)
    }

    fn list(&mut self, now: Instant) -> Vec<(Identity, PathBuf)> {
        let files = self.files();
        self.spent = Some((now, now.elapsed()));
        files
    }

    /// The next look lists the folder in any case.
    pub fn forget_listing(&mut self) {
        self.listed = None;
        self.spent = None;
    }

    fn files(&self) -> Vec<(Identity, PathBuf)> {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return Vec::new();
        };
        let mut files: Vec<(Identity, PathBuf)> = entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let is_meant = entry
                    .file_name()
                    .to_string_lossy()
                    .starts_with(&self.prefix);
                let file = is_meant.then(|| entry.metadata().ok()).flatten()?;
                file.is_file()
                    .then(|| ((file.dev(), file.ino()), entry.path()))
            })
            .filter(|(identity, _)| !self.before.contains(identity))
            .collect();
        files.sort_by(|a, b| a.1.cmp(&b.1));
        files
    }
}

/// Whether another listing, so long after the last one began and when that took so long, would be more than their share.
fn is_early(since: Duration, took: Duration) -> bool {
    since < took.saturating_mul(SHARE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(files: Vec<(Identity, PathBuf)>) -> Vec<PathBuf> {
        files.into_iter().map(|(_, path)| path).collect()
    }

    /// What a look gives when the last listing is long enough ago.
    fn later(place: &mut Place) -> Vec<(Identity, PathBuf)> {
        place.spent = None;
        place.changed_files()
    }

    #[test]
    fn files_from_before_are_not_ours() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        fs::write(folder.path().join("t.1"), "").expect("written");
        let mut place = Place::new(folder.path(), "t.");
        fs::write(folder.path().join("t.2"), "").expect("written");
        fs::write(folder.path().join("u.2"), "").expect("written");
        let found = names(place.changed_files());
        assert_eq!(found, [folder.path().join("t.2")]);
    }

    #[test]
    fn a_quiet_folder_is_not_listed_again_and_a_changed_one_is() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let mut place = Place::new(folder.path(), "t.");
        fs::write(folder.path().join("t.1"), "").expect("written");
        // As if it had been written a while ago.
        let long_ago = SystemTime::now() - 10 * LONG_STEP;
        let opened = fs::File::open(folder.path()).expect("opened");
        opened.set_modified(long_ago).expect("set");
        assert_eq!(later(&mut place).len(), 1);
        for _ in 0..LOOKS_MAX {
            assert_eq!(later(&mut place), []);
        }
        assert_eq!(later(&mut place).len(), 1, "after so many looks");
        assert_eq!(later(&mut place), []);
        fs::rename(folder.path().join("t.1"), folder.path().join("t.1.0")).expect("renamed");
        let found = names(later(&mut place));
        assert_eq!(found, [folder.path().join("t.1.0")]);
        assert_eq!(
            later(&mut place).len(),
            1,
            "in the same step of the clock, perhaps"
        );
    }

    /// A run in a busy folder of temporary files listed it all the time.
    #[test]
    fn a_listing_waits_until_the_last_one_has_paid() {
        let took = Duration::from_millis(30);
        assert!(is_early(Duration::from_millis(40), took));
        assert!(is_early(Duration::from_millis(1499), took));
        assert!(!is_early(Duration::from_millis(1500), took));
        assert!(!is_early(Duration::ZERO, Duration::ZERO));
        let folder = tempfile::tempdir().expect("a folder for the test");
        let mut place = Place::new(folder.path(), "t.");
        fs::write(folder.path().join("t.1"), "").expect("written");
        place.spent = Some((Instant::now(), Duration::from_secs(1000)));
        assert_eq!(place.changed_files(), []);
        place.forget_listing();
        assert_eq!(place.changed_files().len(), 1);
    }

    #[test]
    fn a_listing_within_a_step_of_the_folders_time_is_not_trusted() {
        let whole_second = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let within = whole_second + Duration::from_nanos(1);
        for (changed, step) in [(whole_second, LONG_STEP), (within, STEP)] {
            let soon = Listed::beginning(changed, changed + step);
            let later = Listed::beginning(changed, changed + 2 * step);
            assert!(!soon.is_good(changed));
            assert!(later.is_good(changed));
            assert!(!later.is_good(changed + Duration::from_nanos(1)));
        }
        // Of a clock that is ahead of ours nothing is known.
        let ahead = Listed::beginning(within + LONG_STEP, within);
        assert!(!ahead.is_good(within + LONG_STEP));
    }
}
