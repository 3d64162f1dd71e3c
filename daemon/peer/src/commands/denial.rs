//! Signs that the system denied a command something, for its owner's log: what a viewer sees of it, the owner may never
//! hear of.

use protocol::control::CommandExit;

/// What programs say then (strerror(3) of EPERM, EACCES and EROFS).
const SENTENCES: [&str; 3] = ["Operation not permitted", "Permission denied", "Read-only file system"];
/// What ends a process that makes a forbidden system call (seccomp(2)).
const SIGSYS: i32 = nix::sys::signal::Signal::SIGSYS as i32;

/// The sentence in what a program says, if there is one.
pub(super) fn sentence(said: &str) -> Option<&'static str> {
    SENTENCES.into_iter().find(|sentence| said.contains(sentence))
}

/// What the owner is told of a run that ended so, having said such a sentence. No more of what it said: that is the
/// viewer's.
pub(super) fn remark(exit: &CommandExit, said: Option<&str>) -> Option<String> {
    match (exit, said) {
        (CommandExit::Signal { signal: SIGSYS }, _) => {
            Some("was ended by SIGSYS: it made a system call that is forbidden to it".to_owned())
        }
        (CommandExit::Code { code: 0 }, _) | (_, None) => None,
        (CommandExit::Code { code }, Some(said)) => {
            Some(format!("ended with code {code} after it said {said:?}"))
        }
        (_, Some(said)) => Some(format!("did not end well after it said {said:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_sentences_are_known() {
        assert_eq!(
            sentence("gpioset: error: /dev/gpiochip0: Permission denied\n"),
            Some("Permission denied")
        );
        assert_eq!(sentence("all is well"), None);
    }

    #[test]
    fn only_what_failed_is_remarked() {
        let code = |code| CommandExit::Code { code };
        assert_eq!(remark(&code(0), Some("Permission denied")), None);
        assert_eq!(remark(&code(1), None), None);
        let remarked = remark(&code(1), Some("Permission denied"));
        assert_eq!(remarked.as_deref(), Some("ended with code 1 after it said \"Permission denied\""));
        assert!(remark(&CommandExit::Signal { signal: 31 }, None).unwrap().contains("SIGSYS"));
        assert!(remark(&CommandExit::TimedOut, Some("Permission denied")).is_some());
        assert_eq!(remark(&CommandExit::Signal { signal: 15 }, None), None);
    }
}
