//! What one secret word allows.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::str::FromStr;

/// One thing that a viewer may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Right {
    /// See the picture, and take stills of it.
    Watch,
    /// Hear the sound.
    Listen,
    /// Speak through the device's loudspeaker.
    Talk,
    /// Read and write in the chat.
    Chat,
    /// List and fetch files.
    Files,
    /// Put files under new names, and make folders.
    Upload,
    /// Move, remove and overwrite files.
    Manage,
    /// Run the commands that the owner configured.
    Commands,
    /// Change the camera's settings.
    Camera,
}

impl Right {
    /// Every right, in the order in which they are told.
    pub const ALL: [Self; 9] = [
        Self::Watch,
        Self::Listen,
        Self::Talk,
        Self::Chat,
        Self::Files,
        Self::Upload,
        Self::Manage,
        Self::Commands,
        Self::Camera,
    ];

    /// Its name, as it is written everywhere.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Watch => "watch",
            Self::Listen => "listen",
            Self::Talk => "talk",
            Self::Chat => "chat",
            Self::Files => "files",
            Self::Upload => "upload",
            Self::Manage => "manage",
            Self::Commands => "commands",
            Self::Camera => "camera",
        }
    }

    fn bit(self) -> u16 {
        1 << (self as u16)
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No right has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no right {0:?}; there are {all}", all = Grant::all())]
pub struct UnknownRight(pub String);

impl FromStr for Right {
    type Err = UnknownRight;

    fn from_str(name: &str) -> Result<Self, UnknownRight> {
        Self::ALL.into_iter().find(|right| right.name() == name).ok_or_else(|| UnknownRight(name.to_owned()))
    }
}

/// A set of rights. Written as names with commas; as JSON, a list of names.
///
/// Unknown names in JSON are left out: what a later version grants is nothing here.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Grant(u16);

impl Grant {
    /// Nothing at all.
    pub const NONE: Self = Self(0);

    /// Everything.
    #[must_use]
    pub fn all() -> Self {
        Right::ALL.into_iter().collect()
    }

    /// Whether this right is in it.
    #[must_use]
    pub fn allows(self, right: Right) -> bool {
        self.0 & right.bit() != 0
    }

    /// The rights in it, in their order.
    pub fn rights(self) -> impl Iterator<Item = Right> {
        Right::ALL.into_iter().filter(move |right| self.allows(*right))
    }
}

/// What a word allows unless its owner says otherwise: `watch,listen,chat`.
impl Default for Grant {
    fn default() -> Self {
        [Right::Watch, Right::Listen, Right::Chat].into_iter().collect()
    }
}

impl FromIterator<Right> for Grant {
    fn from_iter<I: IntoIterator<Item = Right>>(rights: I) -> Self {
        Self(rights.into_iter().fold(0, |bits, right| bits | right.bit()))
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.rights().map(Right::name).collect();
        f.write_str(&names.join(","))
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Grant({self})")
    }
}

impl FromStr for Grant {
    type Err = UnknownRight;

    /// Names with commas; spaces around them do not count. An empty text is no right at all.
    fn from_str(text: &str) -> Result<Self, UnknownRight> {
        text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::parse).collect()
    }
}

impl Serialize for Grant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.rights())
    }
}

impl<'de> Deserialize<'de> for Grant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        // A list this long is nobody's grant.
        if names.len() > 64 {
            return Err(de::Error::custom("a grant names at most 64 rights"));
        }
        Ok(names.iter().filter_map(|name| name.parse::<Right>().ok()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_in_one_order_and_read_in_any() {
        assert_eq!(Grant::default().to_string(), "watch,listen,chat");
        assert_eq!("chat, watch,listen".parse(), Ok(Grant::default()));
        assert_eq!("".parse(), Ok(Grant::NONE));
        assert_eq!(Grant::all().rights().count(), Right::ALL.len());
        for right in Right::ALL {
            assert_eq!(right.name().parse(), Ok(right));
            assert!(Grant::all().allows(right) && !Grant::NONE.allows(right));
        }
    }

    #[test]
    fn a_right_that_is_none_is_refused_by_its_name() {
        let error = "watch,fly".parse::<Grant>().unwrap_err();
        assert!(error.to_string().contains("\"fly\"") && error.to_string().contains("upload"), "{error}");
    }

    #[test]
    fn as_json_it_is_a_list_and_unknown_names_grant_nothing() {
        let json = serde_json::to_string(&Grant::default()).unwrap();
        assert_eq!(json, r#"["watch","listen","chat"]"#);
        assert_eq!(serde_json::from_str::<Grant>(r#"["fly","watch"]"#).unwrap().to_string(), "watch");
        assert!(serde_json::from_str::<Grant>(&format!("[{}\"x\"]", "\"x\",".repeat(64))).is_err());
    }
}
