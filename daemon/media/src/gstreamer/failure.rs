//! What an element says when it fails.

use gst::prelude::*;
use std::sync::{Arc, Mutex, PoisonError};

/// Hears of the first error in a pipeline.
#[derive(Clone, Default)]
pub(crate) struct Failure {
    first: Arc<Mutex<Option<String>>>,
}

impl Failure {
    /// Watches `pipeline`; `then` is called once, with the first error (or the end of the stream), from whatever
    /// thread it happens on.
    pub(crate) fn watch(pipeline: &gst::Pipeline, then: impl Fn(&str) + Send + Sync + 'static) -> Self {
        let failure = Self::default();
        let Some(bus) = pipeline.bus() else { return failure };
        let heard = failure.clone();
        bus.set_sync_handler(move |_, message| {
            if let Some(text) = text(message) {
                let mut first = heard.first.lock().unwrap_or_else(PoisonError::into_inner);
                let again = first.is_some();
                first.get_or_insert_with(|| text.clone());
                drop(first);
                if !again {
                    then(&text);
                }
            }
            gst::BusSyncReply::Drop
        });
        failure
    }

    /// The first error, if there was one.
    pub(crate) fn get(&self) -> Option<String> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn text(message: &gst::Message) -> Option<String> {
    match message.view() {
        gst::MessageView::Error(error) => {
            log::debug!("{}: {}", error.error(), error.debug().unwrap_or_default().escape_debug());
            let text = error.error().message().to_owned();
            Some(text.chars().filter(|letter| !letter.is_control()).take(300).collect())
        }
        gst::MessageView::Eos(_) => Some("the stream ended".to_owned()),
        _ => None,
    }
}
