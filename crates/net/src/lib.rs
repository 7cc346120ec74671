//! Moves IP packets between hosts: late, twice, damaged or never.
