//! `ldt profile`, from the command line to the summary: find the library ([`library`]), prepare
//! the environment ([`environment`]), begin the [`pulse`], run the command as `env` would ([`supervise`]), find what
//! was recorded ([`traces`]) or why nothing was ([`refusal`]). What the limits of the command
//! leave to `ldt` itself: [`own_limits`].

pub mod environment;
pub mod library;
pub mod own_limits;
pub mod pulse;
pub mod refusal;
pub mod supervise;
pub mod traces;
