//! Work that blocks its thread, done from async code: DuckDB, digests, file locks.

/// Does `work` here, while the runtime's other tasks go on elsewhere.
///
/// # Panics
/// Within a runtime of one thread, which has no elsewhere.
pub(crate) fn blocking<T>(work: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(work)
}
