//! What time it is for a service, and here at the same moment.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::DateTime;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::Format;

/// Two clocks read at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockReading {
    /// This machine's.
    pub here: SystemTime,
    /// The service's, by the `Date` of its answer: to the second.
    pub service: SystemTime,
}

impl ClockReading {
    /// Returns how far the clocks are apart, and whether the one of this machine is ahead.
    pub fn skew(&self) -> (Duration, bool) {
        match self.here.duration_since(self.service) {
            Ok(ahead) => (ahead, true),
            Err(behind) => (behind.duration(), false),
        }
    }
}

/// Reads both clocks with each answer; the first one counts, before the SDK corrects what it signs with.
#[derive(Debug, Clone, Default)]
pub(super) struct Clock(Arc<Mutex<Option<ClockReading>>>);

impl Clock {
    /// Returns what was read; none before an answer with a `Date`.
    pub(super) fn reading(&self) -> Option<ClockReading> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, date: &str, here: SystemTime) {
        let Ok(date) = DateTime::from_str(date, Format::HttpDate) else { return };
        let Ok(service) = SystemTime::try_from(date) else { return };
        let mut reading = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reading.get_or_insert(ClockReading { here, service });
    }
}

#[dyn_dispatch_hint]
impl Intercept for Clock {
    fn name(&self) -> &'static str {
        "clock"
    }

    fn read_after_transmit(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(date) = context.response().headers().get("date") {
            self.read(date, SystemTime::now());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_date_that_is_one_counts() {
        let clock = Clock::default();
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        clock.read("yesterday", at(0));
        assert_eq!(clock.reading(), None);
        clock.read("Thu, 01 Jan 1970 00:10:00 GMT", at(660));
        clock.read("Thu, 01 Jan 1970 00:20:00 GMT", at(0));
        let reading = clock.reading().unwrap();
        assert_eq!(reading.skew(), (Duration::from_secs(60), true));
        let behind = ClockReading { here: at(540), ..reading };
        assert_eq!(behind.skew(), (Duration::from_secs(60), false));
    }
}
