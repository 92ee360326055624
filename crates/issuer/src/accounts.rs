//! The demo accounts. Their password is public, so that they are not mistaken for real accounts.

/// The password of every demo account.
pub const PASSWORD: &str = "password123";

/// One demo account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// The login name.
    pub username: &'static str,
    /// First name, family name.
    pub name: (&'static str, &'static str),
    /// The account's id, the same in every demo.
    pub subject: &'static str,
    /// The role of the account.
    pub role: &'static str,
}

/// The role of a wearer, who may read their own reports.
const WEARER: &str = "prothetic_user";

/// The five accounts.
pub const ACCOUNTS: [Account; 5] = [
    Account {
        username: "ivan.petrov",
        name: ("Ivan", "Petrov"),
        subject: "5b0a5c1e-5f0e-4f55-9d86-3c1c3f6f2a01",
        role: WEARER,
    },
    Account {
        username: "john.mueller",
        name: ("John", "Mueller"),
        subject: "5b0a5c1e-5f0e-4f55-9d86-3c1c3f6f2a02",
        role: WEARER,
    },
    Account {
        username: "maria.sidorova",
        name: ("Maria", "Sidorova"),
        subject: "5b0a5c1e-5f0e-4f55-9d86-3c1c3f6f2a03",
        role: "user",
    },
    Account {
        username: "anna.schmidt",
        name: ("Anna", "Schmidt"),
        subject: "5b0a5c1e-5f0e-4f55-9d86-3c1c3f6f2a04",
        role: "user",
    },
    Account {
        username: "alexey.kozlov",
        name: ("Alexey", "Kozlov"),
        subject: "5b0a5c1e-5f0e-4f55-9d86-3c1c3f6f2a05",
        role: "administrator",
    },
];

/// The account with this login name.
pub fn find(username: &str) -> Option<&'static Account> {
    ACCOUNTS.iter().find(|account| account.username == username)
}

/// The login names, for an error message.
pub fn names() -> String {
    ACCOUNTS.map(|account| account.username).join(", ")
}
