// The data of the page, out of base64 and deflate, and the tables of numbers that `numbers.rs` packed:
// this file and that one are two halves.

async function unpacked(id) {
  const text = document.getElementById(id).textContent.trim();
  const packed = Uint8Array.fromBase64
    ? Uint8Array.fromBase64(text)
    : Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const inflated = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(inflated).arrayBuffer());
}

class Numbers {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  // Seven bits a byte, the lowest first. Exact up to 2^53, which nine petabytes are.
  one() {
    let byte = this.bytes[this.at++];
    let value = byte & 0x7f;
    for (let scale = 128; byte > 0x7f; scale *= 128) {
      byte = this.bytes[this.at++];
      value += (byte & 0x7f) * scale;
    }
    return value;
  }

  column(rows, Kind = Float64Array) {
    const column = new Kind(rows);
    for (let row = 0; row < rows; row++) column[row] = this.one();
    return column;
  }

  rising(rows) {
    const column = this.column(rows);
    for (let row = 1; row < rows; row++) column[row] += column[row - 1];
    return column;
  }

  // The figures of marks, which are kept as differences to the mark before; `firsts` says where each owner's
  // marks begin, and where the last one's end.
  marks(firsts, Kind = Float64Array) {
    return summed(this.column(firsts[firsts.length - 1]), firsts, new Kind(firsts[firsts.length - 1]));
  }

  signedMarks(firsts) {
    const column = this.column(firsts[firsts.length - 1]);
    for (let row = 0; row < column.length; row++) {
      column[row] = column[row] % 2 ? -(column[row] + 1) / 2 : column[row] / 2;
    }
    return summed(column, firsts, column);
  }

  // How many marks each owner has, as the places where they begin.
  firsts(rows) {
    const firsts = new Uint32Array(rows + 1);
    for (let row = 0; row < rows; row++) firsts[row + 1] = firsts[row] + this.one();
    this.one(); // The number of all marks, which is known by now.
    return firsts;
  }
}

function summed(differences, firsts, into) {
  for (let owner = 0; owner + 1 < firsts.length; owner++) {
    let sum = 0;
    for (let mark = firsts[owner]; mark < firsts[owner + 1]; mark++) {
      sum += differences[mark];
      into[mark] = sum;
    }
  }
  return into;
}
