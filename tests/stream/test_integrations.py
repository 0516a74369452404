"""What is handed to other programs: the connector's configuration, its tables, and the example consumer."""

import json
import re
import sys

from conftest import KEYS, ROOT

FOLDER = ROOT / "integrations" / "kafka_connect"
sys.path.insert(0, str(FOLDER))
from consumer import Tables  # noqa: E402

#: Names that Snowflake documents for version 4, and Kafka Connect's own of a sink.
#: <https://docs.snowflake.com/en/connectors/kafkahp/setup-kafka>, <https://kafka.apache.org/documentation/#sinkconnectconfigs>
DOCUMENTED = {
    "connector.class", "tasks.max", "topics", "topics.regex", "key.converter", "value.converter",
    "value.converter.schemas.enable", "errors.tolerance", "errors.deadletterqueue.topic.name", "errors.log.enable",
    "behavior.on.null.values", "snowflake.topic2table.map", "snowflake.url.name", "snowflake.user.name",
    "snowflake.private.key", "snowflake.private.key.passphrase", "snowflake.role.name", "snowflake.database.name",
    "snowflake.schema.name",
}
REQUIRED = {
    "connector.class", "topics", "snowflake.url.name", "snowflake.user.name", "snowflake.private.key", "snowflake.role.name",
    "snowflake.database.name", "snowflake.schema.name", "key.converter", "value.converter",
}


def config():
    return json.loads((FOLDER / "snowflake-sink.json").read_text())["config"]


def test_the_connector_is_configured_by_documented_names_and_lands_in_tables_of_its_own():
    found = config()
    assert set(found) <= DOCUMENTED and REQUIRED <= set(found)
    assert found["connector.class"] == "com.snowflake.kafka.connector.SnowflakeStreamingSinkConnector"
    assert set(found["topics"].split(",")) == {f"spotify.{table}" for table in KEYS}
    mapped = dict(it.split(":") for it in found["snowflake.topic2table.map"].split(","))
    assert mapped == {f"spotify.{table}": table.upper() for table in KEYS}
    assert (found["snowflake.schema.name"], found["behavior.on.null.values"]) == ("STREAM", "IGNORE")
    assert all(found[name].startswith("${env:") for name in found if "private" in name or "url" in name)


def test_its_tables_have_the_columns_of_the_shipped_ones_and_none_that_must_be_there():
    sql = (FOLDER / "tables.sql").read_text()
    assert "not null" not in sql.lower()
    core = (ROOT / "sql/duckdb/schema/030_core.sql").read_text()
    for table in KEYS:
        columns = re.search(rf"core\.{table} \(.*?\n(.*?)\n\);", core, re.S).group(1)
        names = [line.split()[0].upper() for line in columns.splitlines()]
        made = re.search(rf"SPOTIFY\.STREAM\.{table.upper()} \(\n(.*?)\n\);", sql, re.S).group(1)
        assert [line.split()[0] for line in made.splitlines()] == names, table


def test_a_consumer_takes_each_event_once_and_removes_what_went():
    tables = Tables()
    assert tables.take("songs", '["a"]', '{"id": "a", "name": "One"}', "e1")
    assert not tables.take("songs", '["a"]', '{"id": "a", "name": "One"}', "e1"), "a repeat"
    assert tables.take("songs", '["a"]', '{"id": "a", "name": "Two"}', "e2")
    assert not tables.take("songs", '["a"]', '{"id": "a", "name": "One"}', "e1"), "a late repeat changes nothing"
    assert tables.rows["songs"]['["a"]']["name"] == "Two"
    assert tables.take("songs", '["a"]', None, "e3")
    assert not tables.take("songs", '["a"]', None, "e3")
    assert tables.rows["songs"] == {}
    assert tables.take("songs", '["b"]', None, "e4"), "a tombstone of a row that nobody knew"


def test_what_lacks_its_partner_waits():
    tables = Tables()
    row = '{"playlist_id": "p", "position": 0, "song_id": "a"}'
    tables.take("playlist_songs", '["p","s",0]', row, "e1")
    assert list(tables.joined()) == []
    tables.take("songs", '["a"]', '{"id": "a", "name": "One"}', "e2")
    assert list(tables.joined()) == [("p", 0, "One")]
