//! What is put right in an answer before it leaves.

/// Sets the level of the H.264 formats of an answer to that of the stream (`profile_level_id`, RFC 6184 section
/// 8.2.2: in a direction that is only sent, it describes what is sent). The offer's is left where its profile is
/// another, or where it does not allow another level.
pub(super) fn with_level(answer: &str, profile_level_id: &str) -> String {
    let level = profile_level_id.get(4..6).unwrap_or_default();
    let mut out = String::with_capacity(answer.len());
    for line in answer.split_inclusive('\n') {
        let mut line = line.to_owned();
        if line.starts_with("a=fmtp:")
            && line.contains("level-asymmetry-allowed=1")
            && let Some(at) = line.find("profile-level-id=")
        {
            let digits = at + "profile-level-id=".len() + 4;
            if level.len() == 2 && line.is_char_boundary(digits) && line.get(digits..digits + 2).is_some() {
                line.replace_range(digits..digits + 2, level);
            }
        }
        out.push_str(&line);
    }
    out
}

/// Moves the candidates out of refused sections into the first that was accepted, where the viewer reads them: the
/// section that stands for the bundle is the first accepted one (RFC 9143 section 7.3.1), and nothing is read in a
/// refused one.
pub(super) fn with_candidates_where_they_are_read(answer: &str) -> String {
    let (session, mut sections) = split(answer);
    let mut homeless = String::new();
    for section in sections.iter_mut().filter(|section| refused(section)) {
        let (moved, kept): (Vec<&str>, Vec<&str>) =
            section.split_inclusive('\n').partition(|line| of_candidates(line));
        homeless += &moved.concat();
        *section = kept.concat();
    }
    if let Some(accepted) = sections.iter_mut().find(|section| !refused(section)) {
        // A second end of candidates in one section would be one too many.
        let has_end = accepted.contains(END_OF_CANDIDATES);
        accepted.extend(
            homeless.split_inclusive('\n').filter(|line| !(has_end && line.contains(END_OF_CANDIDATES))),
        );
    }
    session + &sections.concat()
}

/// Index of the first section that was accepted: late candidates are told of it.
pub(super) fn first_accepted(answer: &str) -> u16 {
    let index = split(answer).1.iter().position(|section| !refused(section));
    index.and_then(|index| u16::try_from(index).ok()).unwrap_or(0)
}

const END_OF_CANDIDATES: &str = "a=end-of-candidates";

fn of_candidates(line: &str) -> bool {
    line.starts_with("a=candidate:") || line.starts_with(END_OF_CANDIDATES)
}

/// Port 0 refuses a section (RFC 3264 section 6).
fn refused(section: &str) -> bool {
    section.lines().next().and_then(|line| line.split(' ').nth(1)) == Some("0")
}

/// The lines of the session, and the media sections.
fn split(sdp: &str) -> (String, Vec<String>) {
    let (mut session, mut sections) = (String::new(), Vec::<String>::new());
    for line in sdp.split_inclusive('\n') {
        if line.starts_with("m=") {
            sections.push(String::new());
        }
        sections.last_mut().unwrap_or(&mut session).push_str(line);
    }
    (session, sections)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED_FIRST: &str = "v=0\r\na=group:BUNDLE 1\r\nm=video 0 UDP/TLS/RTP/SAVPF 96\r\na=candidate:1 x\r\n\
        a=end-of-candidates\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:1\r\n";

    #[test]
    fn candidates_leave_a_refused_section() {
        let right = with_candidates_where_they_are_read(REFUSED_FIRST);
        assert!(right.ends_with("a=mid:1\r\na=candidate:1 x\r\na=end-of-candidates\r\n"), "{right}");
        assert_eq!(right.len(), REFUSED_FIRST.len());
        assert_eq!(first_accepted(&right), 1);
    }

    #[test]
    fn an_answer_that_is_right_stays_as_it_is() {
        let accepted = REFUSED_FIRST.replace("m=video 0", "m=video 9");
        assert_eq!(with_candidates_where_they_are_read(&accepted), accepted);
        assert_eq!(first_accepted(&accepted), 0);
        let all_refused = REFUSED_FIRST.replace("m=audio 9", "m=audio 0");
        assert_eq!(first_accepted(&with_candidates_where_they_are_read(&all_refused)), 0);
    }

    #[test]
    fn the_answer_says_the_level_of_the_stream() {
        let answer = "m=video 9 UDP/TLS/RTP/SAVPF 109\r\n\
            a=fmtp:109 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\na=mid:0\r\n";
        assert_eq!(with_level(answer, "42e028"), answer.replace("42e01f", "42e028"));
        let strict = answer.replace("level-asymmetry-allowed=1;", "");
        assert_eq!(with_level(&strict, "42e028"), strict, "only where another level is allowed");
        assert_eq!(
            with_level("a=fmtp:1 level-asymmetry-allowed=1;profile-level-id=42e0", "42e028").len(),
            56
        );
        assert_eq!(with_level(answer, ""), answer);
    }
}
