// gemm_matrix: C = op(A) · op(B) (+ bias) (+ C) by the GPU's matrix units (WGSL's subgroup matrices); convolutions and their gradients as well.
//   op(A) (m, k), op(B) (k, n), bias (n or m), C (slices, batch, m, n): slice s sums its own run of slice_k; sum_slices.wgsl adds them up.
// Where B is a matrix, its number (k, column) lies at k * b_k + column * b_column. Where it is the windows of pictures that have their
// channels innermost (GATHERED), k and column are each a pixel (of a row, of a picture, picture) or a tap (channel, of a row, of a kernel):
// a number of three digits, each with its own step in memory. A column of C is one of two digits.
// A workgroup owns TILE_ROWS x TILE_COLUMNS of C, a subgroup ROW_MATRICES x COLUMN_MATRICES results of M x N of it, and all walk along k in steps
// of DEPTH. A step's numbers come through registers into workgroup memory as they lie in A and B, 16 bytes (a chunk) at a time; the next step's are on
// their way while this one is multiplied. What lies past the end of k is zero; rows and columns past theirs repeat others and are not stored.
enable subgroups;
enable chromium_experimental_subgroup_matrix;
diagnostic(off, chromium.subgroup_matrix_uniformity); // all that matrix functions are given is the same in a whole subgroup

alias T = f32; // slot (of A's and B's numbers: f16 or f32)
const PER: u32 = 4; // slot (numbers of a chunk)
const M: u32 = 8; // slot (a matrix of A is M x K, one of B K x N)
const N: u32 = 8; // slot
const K: u32 = 8; // slot
const LANES: u32 = 32; // slot (of a subgroup)
const TILE_ROWS: u32 = 64; // slot
const TILE_COLUMNS: u32 = 64; // slot
const DEPTH: u32 = 16; // slot
const K_STEPS: u32 = 2; // slot (matrices of it)
const ROW_MATRICES: u32 = 4; // slot
const COLUMN_MATRICES: u32 = 4; // slot
const A_EACH: u32 = 2; // slot (chunks of A that a thread brings)
const B_EACH: u32 = 2; // slot
const A_ALONG_K: bool = true; // slot (A's rows lie along k)
const B_ALONG_K: bool = false; // slot (B's columns do)
const WHOLE: bool = false; // slot (k is a multiple of DEPTH, and not 0)
const RAGGED: bool = false; // slot (k is not a multiple of PER)
const GATHERED: bool = false; // slot
const ACCUMULATE: bool = false; // slot
const BIAS: u32 = 0; // slot (1: of each column, 2: of each row)
alias A = f32; // slot (vec4u where chunks are aligned)
alias B = f32; // slot
alias Bias = f32; // slot
alias C = f32; // slot (f32 or f16, or vectors of four where columns are aligned)
alias Sum = f32; // slot (f32 or vec4f)
const WIDE: u32 = 1; // slot (numbers of a Sum)
alias Part = vec4u; // slot (T where matrices are loaded from arrays of numbers alone)
const PARTS: u32 = 1; // slot (PER there)

const ROWS: u32 = M * ROW_MATRICES; // of a subgroup
const COLUMNS: u32 = N * COLUMN_MATRICES;
const DOWN: u32 = TILE_ROWS / ROWS; // subgroups below each other
const ACROSS: u32 = TILE_COLUMNS / COLUMNS;
const THREADS: u32 = DOWN * ACROSS * LANES;
const A_CHUNKS: u32 = select(TILE_ROWS, DEPTH, A_ALONG_K) / PER; // of a line: along k or along the rows
const B_CHUNKS: u32 = select(TILE_COLUMNS, DEPTH, B_ALONG_K) / PER;
const A_PIECE: u32 = select(ROWS, DEPTH, A_ALONG_K) / PER; // chunks of a line that a row of subgroups multiplies
const B_PIECE: u32 = select(COLUMNS, DEPTH, B_ALONG_K) / PER;
const A_LINE: u32 = (A_PIECE + 1u) * PARTS; // an odd number of chunks, so that neighbours in several lines lie in several banks
const B_LINE: u32 = (B_PIECE + 1u) * PARTS;
const A_LINES: u32 = select(DEPTH, ROWS, A_ALONG_K);
const B_LINES: u32 = select(DEPTH, COLUMNS, B_ALONG_K);
const A_STEP: u32 = THREADS / A_CHUNKS; // lines from a thread's chunk to its next
const B_STEP: u32 = THREADS / B_CHUNKS;

struct Params {
  m: u32, n: u32, k: u32, batch: u32, row_tiles: u32, column_tiles: u32, slices: u32, slice_k: u32,
  a_base: u32, b_base: u32, bias_base: u32, c_base: u32,
  a_row: u32, a_k: u32, b_k: u32, b_column: u32, c_row: u32,
  a_batch: u32, b_batch: u32, c_batch: u32,
  k_first: u32, k_second: u32, k_step: u32, k_step_second: u32, k_step_third: u32, // how many of a digit, and its step
  column_first: u32, column_second: u32, column_step: u32, column_step_second: u32, column_step_third: u32,
  c_first: u32, c_kept: u32, c_step: u32, c_step_second: u32, // of the c_first a column's first digit may be, those below c_kept are stored
}
@group(0) @binding(0) var<storage, read> a: array<A>;
@group(0) @binding(1) var<storage, read> b: array<B>;
@group(0) @binding(2) var<storage, read> bias: array<Bias>;
@group(0) @binding(3) var<storage, read_write> c: array<C>;
@group(1) @binding(0) var<uniform> p: Params;

// What each row and each column of subgroups multiplies: from an array of its own, so that matrices start at constants in it, which need no
// bounds checks.
var<workgroup> tile_a: array<array<Part, A_LINES * A_LINE>, DOWN>;
var<workgroup> tile_b: array<array<Part, B_LINES * B_LINE>, ACROSS>;
var<workgroup> results: array<array<f32, M * N>, DOWN * ACROSS>; // one of each subgroup, on its way to C

// A chunk of numbers that lie side by side.
fn load_a(at: u32) -> vec4u { return bitcast<vec4u>(vec4f(a[at], a[at + 1u], a[at + 2u], a[at + 3u])); } // slot
fn load_b(at: u32) -> vec4u { return bitcast<vec4u>(vec4f(b[at], b[at + 1u], b[at + 2u], b[at + 3u])); } // slot
fn part(chunk: vec4u, i: u32) -> Part { return chunk; } // slot
fn sum_at(subgroup: u32, at: u32) -> Sum { return results[subgroup][at]; } // slot
fn bias_at(at: u32) -> Sum { return f32(bias[at]); } // slot

fn digits_of(number: u32, first: u32, second: u32) -> vec3u {
  return vec3u(number % first, number / first % second, number / first / second);
}

// The digits of k, that much on.
fn go_on(digits: vec3u, by: vec3u) -> vec3u {
  let next = digits + by;
  let carried = next + select(vec3u(), vec3u(0u - p.k_first, 1u, 0u), next.x >= p.k_first);
  return carried + select(vec3u(), vec3u(0u, 0u - p.k_second, 1u), carried.y >= p.k_second);
}

// A thread's chunks of A or B, from where the row or column of each starts; from the end of k on others.
fn fetch_a(at: array<u32, A_EACH>, k: u32, end: u32) -> array<vec4u, A_EACH> {
  var chunks: array<vec4u, A_EACH>;
  for (var i = 0u; i < A_EACH; i++) { // unroll
    let own_k = k + select(i * A_STEP, 0u, A_ALONG_K);
    chunks[i] = load_a(at[i] + select(0u, own_k * p.a_k, WHOLE || own_k < end));
  }
  return chunks;
}

fn fetch_b(at: array<u32, B_EACH>, k: u32, k_digits: vec3u, step_digits: vec3u, end: u32) -> array<vec4u, B_EACH> {
  var chunks: array<vec4u, B_EACH>;
  var digits = k_digits;
  for (var i = 0u; i < B_EACH; i++) { // unroll
    let own_k = k + select(i * B_STEP, 0u, B_ALONG_K);
    var offset = own_k * p.b_k;
    if (GATHERED) {
      offset = dot(digits, vec3u(p.k_step, p.k_step_second, p.k_step_third));
      if (!B_ALONG_K) { digits = go_on(digits, step_digits); }
    }
    chunks[i] = load_b(at[i] + select(0u, offset, WHOLE || own_k < end));
  }
  return chunks;
}

// The chunk that was fetched at k, zero from the end on. Not before it is stored: whoever touches it waits for it.
fn cut(chunk: vec4u, along_k: bool, k: u32, end: u32) -> vec4u {
  if (WHOLE) { return chunk; }
  if (!RAGGED || !along_k) { return select(vec4u(), chunk, k < end); }
  let bits = min(max(k, end) - k, PER) * (128u / PER);
  let of_words = min(max(vec4u(bits), vec4u(0, 32, 64, 96)) - vec4u(0, 32, 64, 96), vec4u(32));
  return vec4u(extractBits(chunk.x, 0u, of_words.x), extractBits(chunk.y, 0u, of_words.y),
               extractBits(chunk.z, 0u, of_words.z), extractBits(chunk.w, 0u, of_words.w));
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let group = workgroup.x + workgroup.y * groups.x;
  let slice = group / p.column_tiles / p.row_tiles / p.batch;
  if (slice >= p.slices) { return; }
  let batch = group / p.column_tiles / p.row_tiles % p.batch;
  let first_row = group / p.column_tiles % p.row_tiles * TILE_ROWS;
  let first_column = group % p.column_tiles * TILE_COLUMNS;
  let start = slice * p.slice_k;
  let end = min(start + p.slice_k, p.k);

  // The chunks that this thread brings: neighbours go along a line. Where the row or column of each starts.
  let a_line = lane / A_CHUNKS;
  let a_chunk = lane % A_CHUNKS;
  var a_at: array<u32, A_EACH>;
  for (var i = 0u; i < A_EACH; i++) { // unroll
    let row = select(min(first_row + a_chunk * PER, (p.m - 1u) / PER * PER), min(first_row + a_line + i * A_STEP, p.m - 1u), A_ALONG_K);
    a_at[i] = p.a_base + batch * p.a_batch + row * p.a_row;
  }
  let b_line = lane / B_CHUNKS;
  let b_chunk = lane % B_CHUNKS;
  var b_at: array<u32, B_EACH>;
  for (var i = 0u; i < B_EACH; i++) { // unroll
    let column = select(min(first_column + b_chunk * PER, (p.n - 1u) / PER * PER), min(first_column + b_line + i * B_STEP, p.n - 1u), B_ALONG_K);
    b_at[i] = p.b_base + batch * p.b_batch;
    if (GATHERED) {
      let digits = digits_of(column, p.column_first, p.column_second);
      b_at[i] += dot(digits, vec3u(p.column_step, p.column_step_second, p.column_step_third));
    } else {
      b_at[i] += column * p.b_column;
    }
  }
  var a_k = start + select(a_line, a_chunk * PER, A_ALONG_K);
  var b_k = start + select(b_line, b_chunk * PER, B_ALONG_K);
  var b_digits = digits_of(b_k, p.k_first, p.k_second);
  let step_digits = digits_of(B_STEP, p.k_first, p.k_second);
  let depth_digits = digits_of(DEPTH, p.k_first, p.k_second);

  let subgroup = lane / LANES;
  let down = subgroup / ACROSS;
  let across = subgroup % ACROSS;
  var sum: array<subgroup_matrix_result<f32, N, M>, ROW_MATRICES * COLUMN_MATRICES>;
  var a_staged = fetch_a(a_at, a_k, end);
  var b_staged = fetch_b(b_at, b_k, b_digits, step_digits, end);
  for (var first_k = start; first_k < end; first_k += DEPTH) {
    for (var j = 0u; j < PARTS; j++) { // unroll
      for (var i = 0u; i < A_EACH; i++) { // unroll
        let line = a_line + i * A_STEP;
        let chunk = cut(a_staged[i], A_ALONG_K, a_k + select(i * A_STEP, 0u, A_ALONG_K), end);
        let piece = select(a_chunk / A_PIECE, line / A_LINES, A_ALONG_K);
        tile_a[piece][line % A_LINES * A_LINE + a_chunk % A_PIECE * PARTS + j] = part(chunk, j);
      }
      for (var i = 0u; i < B_EACH; i++) { // unroll
        let line = b_line + i * B_STEP;
        let chunk = cut(b_staged[i], B_ALONG_K, b_k + select(i * B_STEP, 0u, B_ALONG_K), end);
        let piece = select(b_chunk / B_PIECE, line / B_LINES, B_ALONG_K);
        tile_b[piece][line % B_LINES * B_LINE + b_chunk % B_PIECE * PARTS + j] = part(chunk, j);
      }
    }
    workgroupBarrier();
    let goes_on = first_k + DEPTH < end;
    a_k += select(0u, DEPTH, goes_on);
    b_k += select(0u, DEPTH, goes_on);
    if (GATHERED) { b_digits = go_on(b_digits, select(vec3u(), depth_digits, goes_on)); }
    a_staged = fetch_a(a_at, a_k, end);
    b_staged = fetch_b(b_at, b_k, b_digits, step_digits, end);
    for (var k = 0u; k < K_STEPS; k++) { // unroll
      var left: array<subgroup_matrix_left<T, K, M>, ROW_MATRICES>;
      for (var i = 0u; i < ROW_MATRICES; i++) { // unroll
        if (A_ALONG_K) {
          left[i] = subgroupMatrixLoad<subgroup_matrix_left<T, K, M>, row_major>(&tile_a[down], select(0u, i * M * A_LINE + k * K / PER * PARTS, A_ALONG_K), A_LINE);
        } else {
          left[i] = subgroupMatrixLoad<subgroup_matrix_left<T, K, M>, col_major>(&tile_a[down], select(k * K * A_LINE + i * M / PER * PARTS, 0u, A_ALONG_K), A_LINE);
        }
      }
      for (var j = 0u; j < COLUMN_MATRICES; j++) { // unroll
        var right: subgroup_matrix_right<T, N, K>;
        if (B_ALONG_K) {
          right = subgroupMatrixLoad<subgroup_matrix_right<T, N, K>, col_major>(&tile_b[across], select(0u, j * N * B_LINE + k * K / PER * PARTS, B_ALONG_K), B_LINE);
        } else {
          right = subgroupMatrixLoad<subgroup_matrix_right<T, N, K>, row_major>(&tile_b[across], select(k * K * B_LINE + j * N / PER * PARTS, 0u, B_ALONG_K), B_LINE);
        }
        for (var i = 0u; i < ROW_MATRICES; i++) { // unroll
          sum[i * COLUMN_MATRICES + j] = subgroupMatrixMultiplyAccumulate(left[i], right, sum[i * COLUMN_MATRICES + j]);
        }
      }
    }
    workgroupBarrier();
  }

  // Results have no numbers that a shader could touch: each goes through workgroup memory, and lanes side by side take numbers side by side.
  let own = lane % LANES * WIDE;
  let c_at = p.c_base + (slice * p.batch + batch) * p.c_batch;
  let own_row = first_row + down * ROWS + own / N;
  for (var j = 0u; j < COLUMN_MATRICES; j++) { // unroll
    let column = first_column + across * COLUMNS + j * N + own % N;
    let column_at = c_at + column % p.c_first * p.c_step + column / p.c_first * p.c_step_second;
    let is_column = column < p.n && column % p.c_first < p.c_kept;
    var initial = Sum();
    if (BIAS == 1u && slice == 0u && is_column) { initial = bias_at(p.bias_base + column); }
    for (var i = 0u; i < ROW_MATRICES; i++) { // unroll
      subgroupMatrixStore<row_major>(&results[subgroup], 0u, sum[i * COLUMN_MATRICES + j], N);
      workgroupBarrier();
      for (var at = 0u; at < M * N; at += LANES * WIDE) {
        let row = own_row + i * M + at / N;
        if (is_column && row < p.m) {
          var value = initial + sum_at(subgroup, own + at);
          if (BIAS == 2u && slice == 0u) { value += Sum(f32(bias[p.bias_base + batch * p.m + row])); }
          let to = (column_at + row * p.c_row) / WIDE;
          if (ACCUMULATE) { value += Sum(c[to]); }
          c[to] = C(value);
        }
      }
      workgroupBarrier();
    }
  }
}
