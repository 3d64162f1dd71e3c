//! The addresses that viewers are to connect to: does this host have them?

use super::finding::Finding;
use std::net::IpAddr;

const NAME: &str = "network";

/// Compares `[network] addresses` with those of this host; no line where none are given.
pub(super) fn look(wanted: &[IpAddr]) -> Vec<Finding> {
    if wanted.is_empty() {
        return Vec::new();
    }
    match if_addrs::get_if_addrs() {
        Ok(interfaces) => {
            let own: Vec<IpAddr> = interfaces.iter().map(if_addrs::Interface::ip).collect();
            vec![judge(wanted, &own)]
        }
        Err(error) => {
            vec![Finding::skipped(NAME, format!("The addresses of this host cannot be listed: {error}."))]
        }
    }
}

fn judge(wanted: &[IpAddr], own: &[IpAddr]) -> Finding {
    let (there, missing): (Vec<IpAddr>, Vec<IpAddr>) =
        wanted.iter().partition(|address| address.is_unspecified() || own.contains(address));
    if missing.is_empty() {
        return Finding::ok(NAME, format!("Viewers are offered: {}.", listed(&there)));
    }
    let which = match missing.as_slice() {
        [one] => format!("{one} in [network] addresses is no address of this host"),
        several => format!("{} in [network] addresses are no addresses of this host", listed(several)),
    };
    let who = if there.is_empty() { "no viewer can connect" } else { "no viewer can connect there" };
    // Loopback is for viewers on this host alone.
    let reached: Vec<IpAddr> = own.iter().copied().filter(|address| !address.is_loopback()).collect();
    let has =
        if reached.is_empty() { "It has none now".into() } else { format!("It has {}", listed(&reached)) };
    let advice =
        format!("{has}. Correct them, or leave `addresses` out: then viewers are offered all of them.");
    Finding::warning(NAME, format!("{which}: {who}."), advice)
}

fn listed(addresses: &[IpAddr]) -> String {
    addresses.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::finding::State;

    #[test]
    fn an_address_of_another_host_is_told_with_those_of_this_one() {
        let at = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<IpAddr>>();
        let own = at(&["127.0.0.1", "192.168.1.20", "2001:db8::7"]);
        assert_eq!(judge(&at(&["192.168.1.20"]), &own).state, State::Ok);
        let finding = judge(&at(&["10.9.9.9"]), &own);
        assert_eq!(finding.state, State::Warning);
        assert!(finding.message.contains("10.9.9.9") && finding.message.ends_with("no viewer can connect."));
        assert!(finding.advice.unwrap().starts_with("It has 192.168.1.20, 2001:db8::7."));
        let finding = judge(&at(&["10.9.9.9", "192.168.1.20"]), &own);
        assert!(finding.message.ends_with("no viewer can connect there."), "{finding:?}");
        assert!(look(&[]).is_empty());
        assert_eq!(look(&at(&["127.0.0.1"]))[0].state, State::Ok);
    }
}
