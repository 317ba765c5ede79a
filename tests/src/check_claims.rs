//! What a sample of `samples/check/` says that `ldt check` must find: each line `// CHECK: ` of its
//! head is one error, of claims `NAME=VALUE` with spaces between.
//!
//! | claim | concerns |
//! |---|---|
//! | `kind`, `access`, `size`, `detected_by` | the fields of the error |
//! | `offset` | the address of the access minus that of the block |
//! | `block` | the size of the block |
//! | `fault`, `alloc`, `freed` | a function that the stack of that name goes through; `fault` where the error is seen as it happens |
//! | `called` | frame 0 of the stack |
//! | `count` | how often it was seen |
//! | `guard` | the values of `--guard` with which it must be found (all of them when not said) |
//! | `watchpoints` | `yes`: it is found where the machine lends them; `no`: LDT is to use none |
//! | `guard-side` | the value of `--guard-side` that it needs |
//!
//! The twin, compiled with `CLEAN`, must end by 0 without any report.

use crate::checked::{Checked, Error, passes_through};
use crate::function_name::short_name;
use crate::machine::lends_watchpoints;

/// One error that is claimed.
#[derive(Clone, Debug)]
pub struct ErrorClaim {
    claims: Vec<(String, String)>,
}

impl ErrorClaim {
    /// Reads a line of the head, without its prefix.
    #[must_use]
    pub fn read(line: &str) -> ErrorClaim {
        let claims = line.split_whitespace().map(|claim| {
            let (name, value) = claim
                .split_once('=')
                .unwrap_or_else(|| panic!("`{claim}` is no NAME=VALUE"));
            (name.to_owned(), value.to_owned())
        });
        ErrorClaim {
            claims: claims.collect(),
        }
    }

    /// A claim by its name.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        let found = self.claims.iter().find(|(claimed, _)| claimed == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Whether the error must be found with this value of `--guard`.
    #[must_use]
    pub fn is_due_with(&self, guard: &str) -> bool {
        let is_seen = self.value("watchpoints") != Some("yes") || lends_watchpoints();
        let has_mode = |due: &str| due.split(',').any(|mode| mode == guard);
        is_seen && self.value("guard").is_none_or(has_mode)
    }

    /// What is wrong with `error` as the one that is claimed.
    #[must_use]
    pub fn differences(&self, error: &Error) -> Vec<String> {
        let seen_as_it_happens = !matches!(error.detected_by.as_str(), "redzone" | "quarantine");
        let mut wrong = Vec::new();
        for (name, claimed) in &self.claims {
            let through = |stack: Option<&Vec<crate::report::Frame>>| {
                if passes_through(stack, claimed) {
                    claimed.clone()
                } else {
                    format!("{stack:?}")
                }
            };
            let seen = match name.as_str() {
                "kind" => error.kind.clone(),
                "access" => error.access.clone().unwrap_or_default(),
                // What is found later has lost the instruction; damage may be less than was written.
                "size" if !seen_as_it_happens => continue,
                "size" => error.size.unwrap_or(0).to_string(),
                "detected_by" => error.detected_by.clone(),
                "offset" => error
                    .offset
                    .map_or(String::new(), |offset| offset.to_string()),
                "block" => error
                    .block
                    .as_ref()
                    .map_or(String::new(), |block| block.size.to_string()),
                "fault" if !seen_as_it_happens => continue,
                "fault" => through(error.stack.as_ref()),
                "alloc" => through(error.allocated.as_ref()),
                "freed" => through(error.freed.as_ref()),
                "called" if !seen_as_it_happens => continue,
                "called" => error
                    .stack
                    .as_ref()
                    .and_then(|stack| stack.first()?.function.as_deref())
                    .map_or(String::new(), |name| short_name(name).to_owned()),
                "count" => error.count.to_string(),
                "guard" | "guard-side" | "watchpoints" => continue,
                _ => panic!("`{name}` is no claim; see tests/src/check_claims.rs"),
            };
            if seen != *claimed {
                wrong.push(format!("{name}: {claimed} claimed, {seen} found"));
            }
        }
        wrong
    }
}

/// Holds a run to the claims that are due; one line for each thing that is wrong.
#[must_use]
pub fn hold(claims: &[ErrorClaim], guard: &str, checked: &Checked) -> Vec<String> {
    let errors = &checked.report().errors;
    let mut wrong = Vec::new();
    for claim in claims.iter().filter(|claim| claim.is_due_with(guard)) {
        let nearest = errors
            .iter()
            .map(|error| claim.differences(error))
            .min_by_key(Vec::len);
        match nearest {
            None => wrong.push(format!("no error found; claimed: {:?}", claim.claims)),
            Some(differences) => wrong.extend(differences),
        }
    }
    // The same error may come to light in two ways; one of another kind is a false alarm.
    let claimed = |kind: &str| claims.iter().any(|claim| claim.value("kind") == Some(kind));
    let unclaimed = errors.iter().filter(|error| !claimed(&error.kind));
    wrong.extend(unclaimed.map(|error| format!("{} is found and not claimed", error.kind)));
    wrong
}
