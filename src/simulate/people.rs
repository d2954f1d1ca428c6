//! Who works where: domains, persons and their addresses. Everything follows from the number of
//! the account, so that nothing has to be kept.

use super::random::mix;

/// By what the users of an account can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// The domain of their company.
    Domain,
    /// The id of the account, in the customer's metadata and in the group of product events.
    Group,
    /// Nothing but the address at a mail provider.
    FreeMail,
}

const FIRST_WORDS: [&str; 64] = [
    "amber", "apex", "arctic", "aspen", "autumn", "basalt", "birch", "bold", "brass", "bright",
    "cedar", "cinder", "clear", "cobalt", "copper", "coral", "crimson", "crystal", "dawn", "delta",
    "eagle", "ember", "ever", "falcon", "fern", "flint", "frost", "garnet", "gilded", "granite",
    "green", "harbor", "hazel", "indigo", "iron", "ivory", "jade", "keen", "lunar", "maple",
    "marble", "meadow", "misty", "noble", "north", "ocean", "olive", "opal", "orchard", "pine",
    "prairie", "quartz", "quiet", "raven", "river", "saffron", "sable", "silver", "solar", "stone",
    "swift", "timber", "velvet", "willow",
];

const SECOND_WORDS: [&str; 64] = [
    "anchor", "arch", "beacon", "bloom", "bridge", "brook", "canvas", "cliff", "compass", "cove",
    "crest", "dune", "echo", "field", "finch", "forge", "gate", "glade", "grove", "haven", "heron",
    "hill", "hollow", "kestrel", "lake", "lantern", "lark", "leaf", "ledge", "loft", "mill",
    "moor", "nest", "orbit", "otter", "path", "peak", "pier", "pillar", "plume", "point", "quarry",
    "reef", "ridge", "rook", "sail", "shore", "sparrow", "spring", "spruce", "summit", "thicket",
    "tide", "tower", "trail", "vale", "vault", "wharf", "wheel", "wick", "wind", "works", "wren",
    "yard",
];

const ENDINGS: [&str; 7] = ["com", "com", "com", "io", "co", "de", "co.uk"];

const GIVEN_NAMES: [&str; 64] = [
    "ada", "aisha", "alan", "amir", "ana", "anders", "anita", "arun", "bea", "ben", "bruno",
    "carla", "chen", "clara", "dana", "david", "diego", "elena", "emil", "emma", "erik", "eva",
    "farah", "felix", "finn", "gita", "grace", "hana", "hugo", "ida", "igor", "ines", "ivan",
    "jana", "joel", "jonas", "julia", "kai", "karim", "kira", "lara", "leo", "lena", "luca",
    "maia", "marta", "max", "mei", "milan", "mina", "nadia", "nils", "nora", "omar", "otto",
    "paula", "petra", "rafael", "rosa", "sami", "sofia", "tariq", "vera", "yuki",
];

const FAMILY_NAMES: [&str; 64] = [
    "abbott", "adler", "almeida", "andersen", "arnold", "bakker", "barros", "becker", "berg",
    "bianchi", "blake", "bonnet", "brandt", "carlsen", "castro", "chang", "cohen", "costa",
    "dubois", "ekman", "farrell", "fischer", "fontana", "garcia", "gruber", "haas", "hansen",
    "hayashi", "holm", "hughes", "ito", "jansen", "keller", "khan", "klein", "kovac", "kumar",
    "lang", "larsen", "lee", "lindgren", "lopez", "mancini", "meyer", "mori", "novak", "okafor",
    "olsen", "patel", "pereira", "quinn", "rossi", "santos", "sato", "schmid", "silva", "singh",
    "suzuki", "torres", "vidal", "wagner", "walsh", "weber", "wolf",
];

const MAIL_PROVIDERS: [&str; 6] =
    ["gmail.com", "gmail.com", "outlook.com", "yahoo.com", "gmx.de", "proton.me"];

/// Accounts in a row that share a consultant, if two of them want one.
pub const CLIENTS: u64 = 64;

/// The people of one seed.
#[derive(Debug, Clone, Copy)]
pub struct People {
    salt: u64,
}

/// Somebody who uses the product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub email: String,
    /// What they do can be told to be their account's.
    pub is_known: bool,
}

impl People {
    pub fn new(salt: u64) -> Self {
        Self { salt }
    }

    fn bits(self, kind: u64, number: u64) -> u64 {
        mix(mix(number.wrapping_mul(8) + kind) ^ self.salt)
    }

    /// A number that only this person has: of the account, and of the user in it.
    pub fn key(self, account: u64, user: u64) -> u64 {
        mix((account * 16 + user) ^ self.salt)
    }

    /// The words of a company's name; no two companies have the same ones.
    fn words(account: u64) -> (&'static str, &'static str, u64) {
        let (first, rest) = (account % 64, account / 64);
        let second = (rest + first * 5) % 64;
        (FIRST_WORDS[first as usize], SECOND_WORDS[second as usize], rest / 64)
    }

    pub fn domain(self, account: u64) -> String {
        let (first, second, more) = Self::words(account);
        let ending = ENDINGS[(self.bits(0, account) % ENDINGS.len() as u64) as usize];
        match more {
            0 => format!("{first}{second}.{ending}"),
            n => format!("{first}{second}{}.{ending}", n + 1),
        }
    }

    pub fn company_name(self, account: u64) -> String {
        let (first, second, more) = Self::words(account);
        match more {
            0 => format!("{} {}", capitalized(first), capitalized(second)),
            n => format!("{} {} {}", capitalized(first), capitalized(second), n + 1),
        }
    }

    /// The id that the product gives an account.
    pub fn account_key(self, account: u64) -> String {
        format!("ws_{:05}", account + 10_000)
    }

    fn names(self, account: u64, user: u64) -> (&'static str, &'static str) {
        let bits = self.bits(1, account);
        let given = (bits + user * 7) % 64;
        let family = (bits / 64 + user * 11) % 64;
        (GIVEN_NAMES[given as usize], FAMILY_NAMES[family as usize])
    }

    /// A user of an account, who belongs to `domain` unless the account or the user has only an
    /// address at a mail provider.
    pub fn person(self, account: u64, user: u64, identity: Identity, domain: &str) -> Person {
        let (given, family) = self.names(account, user);
        let is_alone = user > 0 && self.bits(2, account * 16 + user).is_multiple_of(12);
        if identity == Identity::FreeMail || is_alone {
            let email = self.private_address(account, user);
            let is_payer = identity == Identity::FreeMail && user == 0;
            return Person { email, is_known: is_payer || identity == Identity::Group };
        }
        Person { email: format!("{given}.{family}@{domain}"), is_known: true }
    }

    pub fn private_address(self, account: u64, user: u64) -> String {
        let (given, family) = self.names(account, user);
        let provider = self.bits(3, account * 16 + user) % MAIL_PROVIDERS.len() as u64;
        let provider = MAIL_PROVIDERS[provider as usize];
        format!("{given}.{family}{}@{provider}", account * 16 + user)
    }

    /// The address in another spelling, where the provider takes both for one.
    pub fn respelled(self, account: u64, address: &str) -> String {
        match address.split_once('@') {
            Some((local, "gmail.com")) if self.bits(4, account).is_multiple_of(2) => {
                format!("{}@gmail.com", local.replace('.', ""))
            }
            Some((local, domain)) if self.bits(4, account).is_multiple_of(3) => {
                format!("{local}+loomlane@{domain}")
            }
            _ => address.to_owned(),
        }
    }

    /// The consultant who works for this account, if it has one: each serves two accounts.
    pub fn consultant(self, account: u64) -> Option<String> {
        let block = account / CLIENTS;
        let bits = self.bits(5, block);
        let first = bits % CLIENTS;
        let second = (first + 1 + (bits >> 8) % (CLIENTS - 1)) % CLIENTS;
        let place = account % CLIENTS;
        (place == first || place == second).then(|| {
            let given = GIVEN_NAMES[(bits >> 16) as usize % 64];
            let word = FIRST_WORDS[(bits >> 24) as usize % 64];
            match (bits >> 32) % 5 {
                0 => format!("{given}.consults{block}@gmail.com"),
                _ => format!("{given}@{word}-consulting{block}.com"),
            }
        })
    }

    /// A number that only this account's consultant has.
    pub fn consultant_key(self, account: u64) -> u64 {
        self.bits(7, account / CLIENTS)
    }

    /// True if the consultant also gets the bills of both accounts.
    pub fn consultant_gets_bills(self, account: u64) -> bool {
        self.bits(6, account / CLIENTS).is_multiple_of(3)
    }
}

fn capitalized(word: &str) -> String {
    let mut chars = word.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + chars.as_str())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_companies_share_a_domain() {
        let people = People::new(1);
        let domains: HashSet<String> = (0..20_000).map(|n| people.domain(n)).collect();
        assert_eq!(domains.len(), 20_000);
    }

    #[test]
    fn a_consultant_has_two_clients() {
        let people = People::new(9);
        for block in 0..20 {
            let accounts = block * CLIENTS..(block + 1) * CLIENTS;
            let consultants: Vec<_> = accounts.filter_map(|n| people.consultant(n)).collect();
            assert_eq!(consultants.len(), 2);
            assert_eq!(consultants[0], consultants[1]);
        }
    }

    #[test]
    fn users_of_an_account_have_addresses_of_their_own() {
        let people = People::new(4);
        for identity in [Identity::Domain, Identity::FreeMail] {
            let emails: HashSet<String> =
                (0..9).map(|user| people.person(5, user, identity, "x.com").email).collect();
            assert_eq!(emails.len(), 9);
        }
    }
}
