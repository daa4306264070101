// The peer of tests/interop/test_go.py: the log of Go's checksum database (golang.org/x/mod/sumdb),
// which the C2SP formats come from. It makes a log for us to check, and checks one of ours.
package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

// History is a log at one size, with what proves it.
type History struct {
	Note        string
	Keys        []string
	Size        int64
	Root        []byte
	Entries     [][]byte
	Tiles       map[string][]byte
	Inclusion   map[int64][][]byte
	Consistency map[int64][][]byte
	OldRoots    map[int64][]byte
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type storage []tlog.Hash

func (s storage) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		found[i] = s[x]
	}
	return found, nil
}

func plain(hashes []tlog.Hash) [][]byte {
	found := make([][]byte, len(hashes))
	for i := range hashes {
		found[i] = append([]byte(nil), hashes[i][:]...)
	}
	return found
}

func hash(b []byte) (h tlog.Hash) {
	copy(h[:], b)
	return h
}

func hashes(all [][]byte) []tlog.Hash {
	found := make([]tlog.Hash, len(all))
	for i, b := range all {
		found[i] = hash(b)
	}
	return found
}

// made writes a log of so many entries.
func made(size int64, text string) {
	var kept storage
	made := History{Size: size, Tiles: map[string][]byte{}, Inclusion: map[int64][][]byte{},
		Consistency: map[int64][][]byte{}, OldRoots: map[int64][]byte{}}
	for i := int64(0); i < size; i++ {
		entry := []byte(fmt.Sprintf("entry %d", i))
		made.Entries = append(made.Entries, entry)
		more, err := tlog.StoredHashes(i, entry, kept)
		must(err)
		kept = append(kept, more...)
	}
	root, err := tlog.TreeHash(size, kept)
	must(err)
	made.Root = root[:]
	for _, tile := range tlog.NewTiles(height, 0, size) {
		data, err := tlog.ReadTileData(tile, kept)
		must(err)
		made.Tiles[strings.TrimPrefix(tile.Path(), "tile/8/")] = data
	}
	for i := int64(0); i < size; i++ {
		proof, err := tlog.ProveRecord(size, i, kept)
		must(err)
		made.Inclusion[i] = plain(proof)
		older, err := tlog.ProveTree(size, i+1, kept)
		must(err)
		made.Consistency[i+1] = plain(older)
		oldRoot, err := tlog.TreeHash(i+1, kept)
		must(err)
		made.OldRoots[i+1] = append([]byte(nil), oldRoot[:]...)
	}
	secret, key, err := note.GenerateKey(rand.Reader, "go.example/log")
	must(err)
	signer, err := note.NewSigner(secret)
	must(err)
	signed, err := note.Sign(&note.Note{Text: fmt.Sprintf("%s%d\n%s\n", text, size, root)}, signer)
	must(err)
	made.Note, made.Keys = string(signed), []string{key}
	must(json.NewEncoder(os.Stdout).Encode(made))
}

type served map[string][]byte

func (s served) Height() int                         { return height }
func (s served) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (s served) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	found := make([][]byte, len(tiles))
	for i, tile := range tiles {
		data, ok := s[strings.TrimPrefix(tile.Path(), "tile/8/")]
		if !ok {
			return nil, fmt.Errorf("no tile %s", tile.Path())
		}
		found[i] = data
	}
	return found, nil
}

// checked checks everything of a log that is read from the standard input.
func checked() {
	var given History
	must(json.NewDecoder(os.Stdin).Decode(&given))
	var verifiers []note.Verifier
	for _, key := range given.Keys {
		verifier, err := note.NewVerifier(key)
		must(err)
		verifiers = append(verifiers, verifier)
	}
	opened, err := note.Open([]byte(given.Note), note.VerifierList(verifiers...))
	must(err)
	root := hash(given.Root)
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 3 || lines[1] != fmt.Sprint(given.Size) || lines[2] != root.String() {
		must(fmt.Errorf("the checkpoint says another tree: %q", opened.Text))
	}
	reader := tlog.TileHashReader(tlog.Tree{N: given.Size, Hash: root}, served(given.Tiles))
	for i, entry := range given.Entries {
		read, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(i))})
		must(err)
		if read[0] != tlog.RecordHash(entry) {
			must(fmt.Errorf("the tiles have another entry %d", i))
		}
	}
	for i, proof := range given.Inclusion {
		must(tlog.CheckRecord(hashes(proof), given.Size, root, i, tlog.RecordHash(given.Entries[i])))
	}
	for old, proof := range given.Consistency {
		must(tlog.CheckTree(hashes(proof), given.Size, root, old, hash(given.OldRoots[old])))
	}
	fmt.Printf("%d signed, %d entries, %d proofs, %d histories\n", len(opened.Sigs),
		len(given.Entries), len(given.Inclusion), len(given.Consistency))
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == "make" {
		var size int64
		_, err := fmt.Sscan(os.Args[2], &size)
		must(err)
		made(size, "go.example/log\n")
		return
	}
	checked()
}
