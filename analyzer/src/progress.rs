//! A progress bar on standard error, for what takes over a second, on a terminal only.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::cell::RefCell;
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

/// Work shorter than this shows nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// Shows how far a long piece of work is.
#[derive(Debug, Default)]
pub struct Progress {
    shown: bool,
    state: RefCell<Option<State>>,
}

#[derive(Debug)]
struct State {
    what: &'static str,
    total: u64,
    done: u64,
    began: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Shows progress if standard error is a terminal.
    #[must_use]
    pub fn on_terminal() -> Self {
        Progress {
            shown: std::io::stderr().is_terminal(),
            state: RefCell::default(),
        }
    }

    /// Shows nothing.
    #[must_use]
    pub fn hidden() -> Self {
        Progress::default()
    }

    /// Work begins.
    pub fn begin(&self, what: &'static str, total: u64) {
        *self.state.borrow_mut() = self.shown.then(|| State {
            what,
            total,
            done: 0,
            began: Instant::now(),
            bar: None,
        });
    }

    /// So much of it was done.
    pub fn advance(&self, amount: u64) {
        let mut state = self.state.borrow_mut();
        let Some(state) = state.as_mut() else {
            return;
        };
        state.done += amount;
        if state.bar.is_none() && state.began.elapsed() > PATIENCE {
            let target = ProgressDrawTarget::stderr();
            let bar = ProgressBar::with_draw_target(Some(state.total), target);
            if let Ok(style) =
                ProgressStyle::with_template("ldt: {msg} [{bar:40}] {percent}% {eta}")
            {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_message(state.what);
            state.bar = Some(bar);
        }
        if let Some(bar) = &state.bar {
            bar.set_position(state.done);
        }
    }

    /// Work is done: the bar goes.
    pub fn end(&self) {
        if let Some(bar) = self.state.borrow_mut().take().and_then(|state| state.bar) {
            bar.finish_and_clear();
        }
    }
}
