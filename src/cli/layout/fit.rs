//! Which columns of a table are shown, and how wide: none is wider than what is in it, and all of them together no wider than the screen.

/// What a column takes, and what it can do with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Need {
    /// What it takes.
    pub(super) width: usize,
    /// Cut below this, it says nothing any more.
    pub(super) least: usize,
    /// The least is left out first; the first column never is.
    pub(super) rank: Rank,
}

/// How soon a column is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// First.
    Minor,
    /// From the middle on.
    Usual,
    /// Last.
    Major,
}

/// The width of each column; `None`: it is left out. `gap` stands between two of them.
pub(super) fn fitted(needs: &[Need], room: usize, gap: usize) -> Vec<Option<usize>> {
    let mut shown: Vec<usize> = (0..needs.len()).collect();
    let gaps = |count: usize| gap * count.saturating_sub(1);
    let least = |shown: &[usize]| {
        let columns: usize = shown.iter().map(|at| needs[*at].least.min(needs[*at].width)).sum();
        // A mark stands where columns are left out.
        let mark = if shown.len() < needs.len() { MARK + gap } else { 0 };
        columns + gaps(shown.len()) + mark
    };
    let mut gone = Vec::new();
    while 1 < shown.len() && room < least(&shown) {
        gone.push(shown.remove(next_to_go(needs, &shown)));
    }
    // A narrow one that went before a wide one may find room after all, who matters most first; of equal ones, the middle stays together.
    for at in gone.into_iter().rev().filter(|at| needs[*at].rank != Rank::Usual) {
        let mut more = shown.clone();
        more.push(at);
        more.sort_unstable();
        if least(&more) <= room {
            shown = more;
        }
    }
    let mark = if shown.len() < needs.len() { MARK + gap } else { 0 };
    let room = room.saturating_sub(gaps(shown.len()) + mark);
    let mut widths = vec![None; needs.len()];
    for (at, width) in shown.iter().zip(shared(needs, &shown, room)) {
        widths[*at] = Some(width);
    }
    widths
}

/// What the mark takes that stands where columns are left out.
pub(super) const MARK: usize = 1;

/// The place in `shown` of the column that goes next: of the least rank, the nearest to the middle.
fn next_to_go(needs: &[Need], shown: &[usize]) -> usize {
    let middle = shown.len(); // twice the middle, so that it is a whole number
    let candidates = 1..shown.len();
    let nearest = candidates.min_by_key(|at| (needs[shown[*at]].rank, (2 * at).abs_diff(middle)));
    nearest.unwrap_or(1)
}

/// The room, shared: who needs less than the others has what it needs, the others have the same.
fn shared(needs: &[Need], shown: &[usize], room: usize) -> Vec<usize> {
    let at_most = |most: usize| -> Vec<usize> {
        let of = |at: &usize| needs[*at].width.min(most.max(needs[*at].least));
        shown.iter().map(of).collect()
    };
    let widest = shown.iter().map(|at| needs[*at].width).max().unwrap_or(0);
    let fits = |most: usize| at_most(most).iter().sum::<usize>() <= room;
    let (mut below, mut above) = (0, widest + 1);
    while 1 < above - below {
        let between = below.midpoint(above);
        if fits(between) { below = between } else { above = between }
    }
    let mut widths = at_most(below);
    // What is left goes to the first that want more; too little for one column alone is what it has.
    let mut left = room.saturating_sub(widths.iter().sum());
    for (width, at) in widths.iter_mut().zip(shown) {
        if 0 < left && *width < needs[*at].width {
            *width += 1;
            left -= 1;
        }
        *width = (*width).min(room);
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn need(width: usize, least: usize) -> Need {
        Need { width, least, rank: Rank::Usual }
    }

    #[test]
    fn what_fits_is_whole() {
        assert_eq!(fitted(&[need(5, 5), need(7, 4)], 14, 2), [Some(5), Some(7)]);
        assert_eq!(fitted(&[], 10, 2), []);
    }

    #[test]
    fn wide_columns_share_what_narrow_ones_leave() {
        let columns = [need(30, 8), need(4, 4), need(50, 8)];
        // 40 less two gaps less the narrow one: 32 for both.
        assert_eq!(fitted(&columns, 40, 2), [Some(16), Some(4), Some(16)]);
        assert_eq!(fitted(&columns, 41, 2), [Some(17), Some(4), Some(16)]);
    }

    #[test]
    fn the_middle_goes_first_then_what_matters_less_than_others_and_never_the_first() {
        let seven = vec![need(10, 10); 7];
        let shown = |needs: &[Need], room| {
            let widths = fitted(needs, room, 2);
            let at = |(at, width): (usize, &Option<usize>)| width.map(|_| at);
            widths.iter().enumerate().filter_map(at).collect::<Vec<_>>()
        };
        assert_eq!(shown(&seven, 82), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(shown(&seven, 81), [0, 1, 2, 4, 5, 6]);
        assert_eq!(shown(&seven, 61), [0, 1, 2, 5, 6]);
        assert_eq!(shown(&seven, 60), [0, 1, 5, 6]);
        assert_eq!(shown(&seven, 30), [0, 6]);
        assert_eq!(shown(&seven, 5), [0]);
        let mut ranked = seven;
        (ranked[1].rank, ranked[5].rank) = (Rank::Minor, Rank::Major);
        assert_eq!(shown(&ranked, 81), [0, 2, 3, 4, 5, 6]);
        assert_eq!(shown(&ranked, 30), [0, 5]);
        // Of those that go first, a narrow one comes back where there is room.
        (ranked[2].rank, ranked[2].width, ranked[2].least) = (Rank::Minor, 3, 3);
        assert_eq!(shown(&ranked, 66), [0, 2, 3, 4, 5, 6]);
        assert_eq!(shown(&ranked, 61), [0, 3, 4, 5, 6]);
        // What matters comes back before what does not.
        (ranked[3].rank, ranked[3].width, ranked[3].least) = (Rank::Major, 4, 4);
        ranked[5].width = 20;
        ranked[5].least = 20;
        assert_eq!(shown(&ranked, 19), [0, 3]);
        // Alone and too wide, it is cut.
        assert_eq!(fitted(&ranked, 5, 2)[0], Some(2));
    }
}
