"""What a run of the predecessor does, with its stack: spotipy reads, pandas shapes, boto3 writes three CSV files.

`predecessor.py SPOTIFY S3 BUCKET PLAYLIST…`. Its layout and columns; no history, no checks, no hashes, no proof. Prints its counts.
"""
import io, json, sys
from datetime import datetime, timezone


def main(spotify_url, s3_url, bucket, *playlists):
    import boto3
    import pandas
    import spotipy

    client = spotipy.Spotify(auth="bench-access-token")
    client.prefix = f"{spotify_url}/v1/"
    albums, artists, songs, row_count = [], [], [], 0
    for playlist in playlists:
        page = client.playlist_items(playlist, limit=50)
        while page:
            for row in page["items"]:
                row_count += 1
                track = (row or {}).get("item")
                if not track or not track.get("id") or track["type"] != "track":
                    continue
                album = track["album"]
                albums.append({"album_id": album["id"], "name": album["name"], "release_date": album["release_date"],
                               "total_tracks": album["total_tracks"], "url": album["external_urls"]["spotify"]})
                for artist in track["artists"]:
                    artists.append({"artist_id": artist["id"], "artist_name": artist["name"],
                                    "external_url": artist["external_urls"]["spotify"]})
                songs.append({"song_id": track["id"], "song_name": track["name"], "duration_ms": track["duration_ms"],
                              "url": track["external_urls"]["spotify"], "popularity": track["popularity"],
                              "song_added": row["added_at"], "album_id": album["id"], "artist_id": album["artists"][0]["id"]})
            page = client.next(page) if page["next"] else None
    frames = {
        "album": pandas.DataFrame(albums).drop_duplicates(subset=["album_id"]),
        "artist": pandas.DataFrame(artists).drop_duplicates(subset=["artist_id"]),
        "songs": pandas.DataFrame(songs).drop_duplicates(subset=["song_id"]),
    }
    frames["album"]["release_date"] = pandas.to_datetime(frames["album"]["release_date"], format="mixed")
    frames["songs"]["song_added"] = pandas.to_datetime(frames["songs"]["song_added"])
    store = boto3.client("s3", endpoint_url=s3_url)
    now = datetime.now(timezone.utc)
    for name, frame in frames.items():
        text = io.StringIO()
        frame.to_csv(text, index=False)
        store.put_object(Bucket=bucket, Key=f"transformed_data/{name}_data/{name}_{now:%Y%m%d_%H%M%S}.csv", Body=text.getvalue())
    print(json.dumps({"rows": row_count, **{name: len(frame) for name, frame in frames.items()}}))


if __name__ == "__main__":
    main(*sys.argv[1:])
