// gemm_subgroup: C = op(A) · op(B) (+ bias) (+ C), from registers, with A handed round the subgroup.
//   op(A) (m, k), op(B) (k, n), C (m, n), bias (n). Row-major or transposed: the strides say which.
// A workgroup is one subgroup of LANES; a lane owns ROWS = ROW_BLOCKS * LANES rows of COLUMNS columns of C, its
// columns LANES apart. k goes in fours. Each lane loads four numbers of ROW_BLOCKS rows of A, and a shuffle, which
// costs next to nothing, gives all rows to all lanes: LANES times fewer loads of A than lanes on their own need.
// Rows and columns past the edge repeat the last one and are not stored.
enable subgroups;

const LANES: u32 = 8; // slot
const ROW_BLOCKS: u32 = 4; // slot
const COLUMNS: u32 = 4; // slot
const ROWS: u32 = ROW_BLOCKS * LANES;
const RAGGED: bool = false; // slot (k is not a multiple of four)
const ACCUMULATE: bool = false; // slot (a constant, because the loads it needs take long to compile)
alias T = f32; // slot
alias U = f32; // slot (C's)
alias A = T; // slot (vec4<T> where rows lie along k, aligned)
alias B = T; // slot

struct Params {
  m: u32, n: u32, k: u32, batch: u32, row_tiles: u32, column_tiles: u32,
  a_base: u32, b_base: u32, bias_base: u32, c_base: u32,
  a_row: u32, a_k: u32, b_k: u32, b_column: u32, c_row: u32,
  a_batch: u32, b_batch: u32, c_batch: u32,
  has_bias: u32,
}
@group(0) @binding(0) var<storage, read> a: array<A>;
@group(0) @binding(1) var<storage, read> b: array<B>;
@group(0) @binding(2) var<storage, read> bias: array<T>;
@group(0) @binding(3) var<storage, read_write> c: array<U>;
@group(1) @binding(0) var<uniform> p: Params;

// Four numbers along k; `k` holds their places.
fn load_a(at: u32, k: vec4u) -> vec4f { return vec4f(vec4<T>(a[at + k.x * p.a_k], a[at + k.y * p.a_k], a[at + k.z * p.a_k], a[at + k.w * p.a_k])); } // slot
fn load_b(at: u32, k: vec4u) -> vec4f { return vec4f(vec4<T>(b[at + k.x * p.b_k], b[at + k.y * p.b_k], b[at + k.z * p.b_k], b[at + k.w * p.b_k])); } // slot

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let tile = workgroup.x + workgroup.y * groups.x;
  let batch = tile / p.column_tiles / p.row_tiles;
  if (batch >= p.batch) { return; }
  let first_row = tile / p.column_tiles % p.row_tiles * ROWS;
  let first_column = tile % p.column_tiles * (LANES * COLUMNS) + lane;
  var a_at: array<u32, ROW_BLOCKS>;
  for (var h = 0u; h < ROW_BLOCKS; h++) {
    a_at[h] = p.a_base + batch * p.a_batch + min(first_row + h * LANES + lane, p.m - 1u) * p.a_row;
  }
  var b_at: array<u32, COLUMNS>;
  for (var j = 0u; j < COLUMNS; j++) {
    b_at[j] = p.b_base + batch * p.b_batch + min(first_column + j * LANES, p.n - 1u) * p.b_column;
  }

  var sum: array<array<f32, COLUMNS>, ROWS>;
  for (var first_k = 0u; first_k < p.k; first_k += 4u) {
    var k = first_k + vec4u(0, 1, 2, 3);
    let inside = k < vec4u(p.k);
    if (RAGGED) { k = min(k, vec4u(p.k - 1u)); }
    var b_k: array<vec4f, COLUMNS>;
    for (var j = 0u; j < COLUMNS; j++) {
      b_k[j] = load_b(b_at[j], k);
      if (RAGGED) { b_k[j] = select(vec4f(), b_k[j], inside); }
    }
    var a_k: array<vec4f, ROW_BLOCKS>;
    for (var h = 0u; h < ROW_BLOCKS; h++) {
      a_k[h] = load_a(a_at[h], k);
      if (RAGGED) { a_k[h] = select(vec4f(), a_k[h], inside); }
    }
    for (var h = 0u; h < ROW_BLOCKS; h++) { // unroll
      for (var i = 0u; i < LANES; i++) {
        let row = subgroupShuffle(a_k[h], i);
        for (var j = 0u; j < COLUMNS; j++) {
          let s = sum[h * LANES + i][j];
          sum[h * LANES + i][j] = s + row.x * b_k[j].x + row.y * b_k[j].y + row.z * b_k[j].z + row.w * b_k[j].w;
        }
      }
    }
  }

  for (var j = 0u; j < COLUMNS; j++) {
    let column = first_column + j * LANES;
    if (column < p.n) {
      var start = 0.0;
      if (p.has_bias != 0u) { start = f32(bias[p.bias_base + column]); }
      for (var h = 0u; h < ROW_BLOCKS; h++) { // unroll
        for (var i = 0u; i < LANES; i++) {
          let row = first_row + h * LANES + i;
          if (row < p.m) {
            let at = p.c_base + batch * p.c_batch + row * p.c_row + column;
            var value = start + sum[h * LANES + i][j];
            if (ACCUMULATE) { value += f32(c[at]); }
            c[at] = U(value);
          }
        }
      }
    }
  }
}
