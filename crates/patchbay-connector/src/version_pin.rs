//! Version pins: the versions of a connector that a profile accepts.

use std::{fmt, str::FromStr};

use semver::Version;

/// A version pin: `latest`, `1.x.x`, `1.2.x`, or an exact version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionPin {
    /// The newest version.
    Latest,
    /// The newest version with this major version (`1.x.x`).
    Major(u64),
    /// The newest version with this minor version (`1.2.x`).
    Minor(u64, u64),
    /// Exactly this version.
    Exact(Version),
}

/// A string that is not a version pin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a version pin is latest, 1.x.x, 1.2.x or an exact version such as 1.2.0")]
pub struct VersionPinError;

impl VersionPin {
    /// Returns true if the pin accepts a version. Only an exact pin accepts a pre-release (`2.0.0-rc.1`).
    pub fn allows(&self, version: &Version) -> bool {
        match self {
            Self::Latest => version.pre.is_empty(),
            Self::Major(major) => version.pre.is_empty() && version.major == *major,
            Self::Minor(major, minor) => version.pre.is_empty() && version.major == *major && version.minor == *minor,
            Self::Exact(exact) => version == exact,
        }
    }

    /// Returns the newest version that the pin accepts. If there are only pre-releases, `latest` accepts the newest.
    pub fn best<T>(&self, all: impl IntoIterator<Item = T>, version: impl Fn(&T) -> &Version) -> Option<T> {
        let (mut best, mut early): (Option<T>, Option<T>) = (None, None);
        for one in all {
            let (place, fits) =
                if self.allows(version(&one)) { (&mut best, true) } else { (&mut early, *self == Self::Latest) };
            if fits && place.as_ref().is_none_or(|held| version(held) < version(&one)) {
                *place = Some(one);
            }
        }
        best.or(early)
    }
}

impl FromStr for VersionPin {
    type Err = VersionPinError;

    fn from_str(text: &str) -> Result<Self, VersionPinError> {
        if text == "latest" {
            return Ok(Self::Latest);
        }
        let Some(range) = text.strip_suffix(".x") else {
            return Version::parse(text).map(Self::Exact).map_err(|_| VersionPinError);
        };
        let (range, is_major) = range.strip_suffix(".x").map_or((range, false), |range| (range, true));
        // As versions, the numbers must follow the rules of Semantic Versioning: no sign, no leading zero.
        let patch = if is_major { ".0.0" } else { ".0" };
        let version = Version::parse(&format!("{range}{patch}")).map_err(|_| VersionPinError)?;
        if !version.pre.is_empty() || !version.build.is_empty() {
            return Err(VersionPinError);
        }
        Ok(if is_major { Self::Major(version.major) } else { Self::Minor(version.major, version.minor) })
    }
}

impl fmt::Display for VersionPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("latest"),
            Self::Major(major) => write!(f, "{major}.x.x"),
            Self::Minor(major, minor) => write!(f, "{major}.{minor}.x"),
            Self::Exact(version) => version.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn versions(texts: &[&str]) -> Vec<Version> {
        texts.iter().map(|text| Version::parse(text).unwrap()).collect()
    }

    #[test]
    fn pins_have_four_forms() {
        for text in ["latest", "1.x.x", "0.x.x", "1.2.x", "10.20.x", "1.2.0", "2.0.0-rc.1"] {
            assert_eq!(text.parse::<VersionPin>().unwrap().to_string(), text);
        }
        for wrong in [
            "",
            "Latest",
            "^1.2.0",
            "~1.2",
            "1",
            "1.2",
            "1.x",
            "x.x.x",
            "1.x.2",
            "01.x.x",
            "1.02.x",
            "+1.x.x",
            "1.2.3.x",
            "1.2.x.x",
            " 1.x.x",
            "1.X.X",
            "1.*.*",
            ">=1.0.0",
            "1-a.x",
            "1.2+b.x",
            "99999999999999999999.x.x",
        ] {
            assert_eq!(wrong.parse::<VersionPin>(), Err(VersionPinError), "{wrong}");
        }
    }

    #[test]
    fn a_pin_selects_the_newest_version_that_it_accepts() {
        let all = versions(&["1.0.0", "1.2.0", "1.10.0", "1.2.9", "2.0.0", "3.0.0-rc.1", "0.9.0"]);
        for (pin, expected) in [
            ("latest", Some("2.0.0")),
            ("1.x.x", Some("1.10.0")),
            ("1.2.x", Some("1.2.9")),
            ("0.x.x", Some("0.9.0")),
            ("3.x.x", None),
            ("3.0.0-rc.1", Some("3.0.0-rc.1")),
            ("1.2.0", Some("1.2.0")),
            ("1.2.1", None),
        ] {
            let found = pin.parse::<VersionPin>().unwrap().best(&all, |version| version).map(ToString::to_string);
            assert_eq!(found.as_deref(), expected, "{pin}");
        }
    }

    #[test]
    fn latest_accepts_pre_releases_if_there_are_no_releases() {
        let all = versions(&["1.0.0-alpha", "1.0.0-beta.2", "1.0.0-beta.11"]);
        let best = |pin: VersionPin| pin.best(&all, |version| version).map(ToString::to_string);
        assert_eq!(best(VersionPin::Latest).as_deref(), Some("1.0.0-beta.11"));
        assert_eq!(best(VersionPin::Major(1)), None);
        assert_eq!(VersionPin::Latest.best(&Vec::<Version>::new(), |version| version), None);
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in ".{0,40}") {
            if let Ok(pin) = text.parse::<VersionPin>() {
                prop_assert_eq!(pin.to_string(), text);
            }
        }
    }
}
