//! Names of people, with their transliterations for login names.
//!
//! Some are difficult on purpose: other alphabets, apostrophes, right-to-left text, letters of two code
//! points, emoji.

/// A name and its ASCII transliteration.
pub(crate) type Name = (&'static str, &'static str);

/// Names of one culture, and the UTC offsets, in hours, where people with these names mostly live.
pub(crate) struct Culture {
    pub(crate) given: &'static [Name],
    pub(crate) family: &'static [Name],
    pub(crate) utc_offsets: &'static [i8],
}

pub(crate) const CULTURES: &[Culture] = &[
    Culture {
        given: &[
            ("Пётр", "petr"),
            ("Ольга", "olga"),
            ("Дмитрий", "dmitry"),
            ("Наталья", "natalya"),
            ("Юлия", "yulia"),
            ("Артём", "artem"),
            ("Светлана", "svetlana"),
            ("Игорь", "igor"),
            ("Людмила", "lyudmila"),
            ("Михаил", "mikhail"),
        ],
        family: &[
            ("Кузнецов", "kuznetsov"),
            ("Щербакова", "shcherbakova"),
            ("Соловьёв", "solovyov"),
            ("Жукова", "zhukova"),
            ("Лебедев", "lebedev"),
            ("Орлова", "orlova"),
            ("Римский-Корсаков", "rimsky-korsakov"),
            ("Ёлкина", "yolkina"),
        ],
        utc_offsets: &[3, 3, 3, 3, 5, 7, 10],
    },
    Culture {
        given: &[
            ("Jürgen", "juergen"),
            ("Zoë", "zoe"),
            ("Lukas", "lukas"),
            ("Hannah", "hannah"),
            ("François", "francois"),
            ("Siân", "sian"),
            ("Søren", "soeren"),
            ("Łucja", "lucja"),
        ],
        family: &[
            ("Großmann", "grossmann"),
            ("O'Brien", "obrien"),
            ("D’Angelo", "dangelo"),
            ("van der Berg", "vanderberg"),
            ("Núñez", "nunez"),
            ("Schröder", "schroeder"),
            ("Ångström", "angstroem"),
            ("Müller-Lüdenscheidt", "mueller-luedenscheidt"),
        ],
        utc_offsets: &[0, 1, 1, 1, 2],
    },
    Culture {
        given: &[("نور", "nour"), ("يوسف", "yousef"), ("מרים", "miriam"), ("דוד", "david")],
        family: &[("الخوارزمي", "alkhwarizmi"), ("حدّاد", "haddad"), ("בן־ארי", "benari"), ("לוי", "levi")],
        utc_offsets: &[2, 3, 4],
    },
    Culture {
        given: &[("美咲", "misaki"), ("Phạm Thị", "phamthi"), ("Robin 🦾", "robin"), ("김민준", "minjun")],
        family: &[("渡辺", "watanabe"), ("Nguyễn", "nguyen"), ("de la Cruz", "delacruz"), ("이", "lee")],
        utc_offsets: &[7, 9, 9, -5, -8],
    },
];
