//! The fingerprint of RSA keys made by flawed smart cards (CVE-2017-15361, "ROCA"), whose private half can be
//! computed.
//!
//! Such a modulus is a power of 65537 modulo every small prime. A sound modulus has this property with a
//! probability below 2^-27.

/// The primes whose residues reveal the flawed generator.
const PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103,
    107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

const GENERATOR: u32 = 65537;

/// Returns true if the modulus, big-endian, has the fingerprint.
pub(super) fn has_fingerprint(modulus: &[u8]) -> bool {
    PRIMES.iter().all(|&prime| is_power_of_generator(residue(modulus, prime), prime))
}

fn residue(modulus: &[u8], prime: u32) -> u32 {
    modulus.iter().fold(0, |rest, &byte| (rest * 256 + u32::from(byte)) % prime)
}

fn is_power_of_generator(residue: u32, prime: u32) -> bool {
    let mut power = 1;
    for _ in 0..prime {
        if power == residue {
            return true;
        }
        power = power * (GENERATOR % prime) % prime;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_the_generator_have_the_fingerprint_and_their_neighbours_do_not() {
        // 65537^4 = 0x1_0004_0006_0004_0001
        let power = [1, 0, 4, 0, 6, 0, 4, 0, 1];
        assert!(has_fingerprint(&power));
        assert!(!has_fingerprint(&[1, 0, 4, 0, 6, 0, 4, 0, 3]));
    }
}
