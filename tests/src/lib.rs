//! What a user can observe, through the real binaries.
