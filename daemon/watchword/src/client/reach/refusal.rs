//! What refusals of the server and of the device mean here.

use crate::client::{Failure, printable};
use peer::viewer::ViewerError;
use protocol::signal::{Refusal, RefusalCode};

/// What a refusal of the server or of the device means here.
pub(super) fn refused(refusal: &Refusal) -> Failure {
    let message = printable(&refusal.message);
    let later = refusal.retry_after.map_or(String::new(), |seconds| format!(" (try again in {seconds} s)"));
    match refusal.code {
        RefusalCode::Unavailable => Failure::Absent(format!("{message}{later}")),
        RefusalCode::Malformed
        | RefusalCode::UnknownMessage
        | RefusalCode::WrongVersion
        | RefusalCode::WrongRole
        | RefusalCode::TooLarge => Failure::Failed(format!("the server refuses: {message}{later}")),
        RefusalCode::TooFast
        | RefusalCode::TooManySockets
        | RefusalCode::TooManyKnocks
        | RefusalCode::TooManySessions => Failure::Later(format!("{message}{later}")),
        _ => Failure::Refused(format!("{message}{later}")),
    }
}

/// Why a word that was proved led to no connection.
pub(super) fn unconnected(error: ViewerError) -> Failure {
    match error {
        ViewerError::Refused(sentence) => Failure::Refused(printable(&sentence).into_owned()),
        ViewerError::NoAnswer => Failure::Broken("the device left before it had answered".into()),
        ViewerError::NoConnection => Failure::Broken(error.to_string()),
        ViewerError::Peer(_) => Failure::Failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_by_its_code_with_the_time_to_wait() {
        let refusal = |code, retry_after| Refusal { code, message: "Not\u{7} now.".into(), retry_after };
        let later = refused(&refusal(RefusalCode::TryLater, Some(30)));
        assert_eq!(
            (later.exit_code(), later.to_string().as_str()),
            (4, "Not\\u{7} now. (try again in 30 s)")
        );
        assert_eq!(refused(&refusal(RefusalCode::ProofFailed, None)).exit_code(), 4);
        assert_eq!(refused(&refusal(RefusalCode::Unavailable, None)).exit_code(), 3);
        assert_eq!(refused(&refusal(RefusalCode::WrongVersion, None)).exit_code(), 1);
    }
}
