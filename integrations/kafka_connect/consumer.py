"""The current rows of every table from snowtrack's topics: each event once, in the order of its key.

    python consumer.py BROKER:PORT      needs confluent-kafka; prints how many rows each table has
"""

import json
import sys


class Tables:
    """Rows by table and key, and the events that were taken already."""

    def __init__(self):
        self.rows, self.seen = {}, set()

    def take(self, table, key, value, event_id):
        """Takes an event: `value` is the row as JSON, or None for a row that went. Says whether it was new."""
        if event_id in self.seen:
            return False
        self.seen.add(event_id)
        rows = self.rows.setdefault(table, {})
        if value is None:
            rows.pop(key, None)
        else:
            rows[key] = json.loads(value)
        return True

    def joined(self):
        """Playlists' songs with their names. Topics have no order among each other: what lacks its song yet waits."""
        songs = self.rows.get("songs", {})
        for row in self.rows.get("playlist_songs", {}).values():
            song = songs.get(json.dumps([row["song_id"]], separators=(",", ":")))
            if song is not None:
                yield row["playlist_id"], row["position"], song["name"]


def main(brokers, prefix="spotify."):
    from confluent_kafka import Consumer

    tables = Tables()
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "tables", "auto.offset.reset": "earliest"})
    consumer.subscribe(["^" + prefix.replace(".", r"\.") + ".*"])
    while (message := consumer.poll(10)) is not None:
        if message.error() is None:
            headers = {name: value.decode() for name, value in message.headers()}
            tables.take(message.topic().removeprefix(prefix), message.key().decode(), message.value(), headers["event_id"])
    print({table: len(rows) for table, rows in tables.rows.items()})


if __name__ == "__main__":
    main(sys.argv[1])
