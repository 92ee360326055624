//! The demo's OpenID Connect issuer. (API below is settled; see the modules.)
