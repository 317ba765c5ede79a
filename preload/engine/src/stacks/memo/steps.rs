//! How many steps captures take: counted for tests, nothing at all otherwise.

#[cfg(test)]
#[derive(Debug, Default)]
pub(super) struct Steps(pub(super) usize);

#[cfg(test)]
impl Steps {
    pub(super) fn count(&mut self) {
        self.0 += 1;
    }
}

#[cfg(not(test))]
#[derive(Debug, Default)]
pub(super) struct Steps {}

#[cfg(not(test))]
impl Steps {
    #[inline(always)]
    pub(super) fn count(&mut self) {
        let Self {} = self;
    }
}
