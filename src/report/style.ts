// The one style sheet of reports. Colours are variables, so that dark pages are the same rules; series keep apart for who does
// not see all colours, and all of them can be read as text on their ground.

const LIGHT =
  '--paper:#fdfcfa;--ink:#17191c;--soft:#5f6570;--rule:#d8d4cb;--grid:#e9e6df;--wash:#f3f1ec;--quiet:#8b9099;' +
  '--c1:#0a62a9;--c2:#c24a00;--c3:#0b7a5a;--c4:#9b3f8a;--c5:#806400;--c6:#1a7698;--c7:#85472f;--c8:#56606e;' +
  '--right:10 98 169;--wrong:204 84 10';
const DARK =
  '--paper:#14161a;--ink:#eceae5;--soft:#a2a8b3;--rule:#363b45;--grid:#282c34;--wash:#1c1f25;--quiet:#838a96;' +
  '--c1:#74b6f5;--c2:#f79a5c;--c3:#55c9a6;--c4:#e19bd4;--c5:#dbc055;--c6:#7fd0ee;--c7:#d3a48c;--c8:#adb5c2;' +
  '--right:40 110 180;--wrong:190 84 20';

/** For all but headings. */
export const SANS = "-apple-system,'Segoe UI',Roboto,'Noto Sans','Liberation Sans',Arial,sans-serif";
const TONES = Array.from({ length: 8 }, (_, i) => `.c${i + 1}{--tone:var(--c${i + 1})}`).join('');

/** What a plot needs, wherever it stands. */
export const PLOT_STYLE = `
.training{--tone:var(--quiet)}${TONES}
.plot{overflow:visible;font:12.5px ${SANS};font-variant-numeric:tabular-nums}
.plot text{fill:var(--soft)}
.grid{stroke:var(--grid)}.zero{stroke:var(--rule)}
.mark{stroke:var(--soft);stroke-dasharray:1 3}
.line,.behind{fill:none;stroke:var(--tone);vector-effect:non-scaling-stroke;stroke-linejoin:round;stroke-linecap:round}
.line{stroke-width:2.25}.line.training{stroke-width:1.75}.behind{stroke-width:.75;opacity:.45}
.chance{--tone:var(--soft)}.behind.chance{stroke-width:1;stroke-dasharray:1 3;opacity:1}
.end{fill:var(--tone);stroke:var(--paper);stroke-width:1.5}
.plot .label{fill:var(--tone);font-weight:600}.plot .label.training{fill:var(--soft)}.plot .figure{font-weight:400}
.plot .bad{fill:var(--tone);font-weight:700;font-size:14px}`;

/** A style sheet's colours, light or dark as the reader has it. */
export const colours = (root: string) => `${root}{${LIGHT}}@media(prefers-color-scheme:dark){${root}{${DARK}}}`;

/** The whole of a page's. */
export const PAGE_STYLE = `${colours(':root')}
:root{color-scheme:light dark}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 ${SANS}}
main{max-width:1160px;margin:0 auto;padding:40px 32px 64px}
h1,h2,h3,.lead,.numbers dd{font-family:Charter,'Bitstream Charter','Iowan Old Style','Source Serif 4',Georgia,'Liberation Serif',serif;text-wrap:balance}
h1{margin:0;font-size:clamp(28px,4.4vw,44px);line-height:1.12;letter-spacing:-.012em;overflow-wrap:anywhere}
.kicker{margin:0 0 10px;color:var(--soft);font-size:13px}
.lead{max-width:44em;margin:14px 0 0;font-size:19px;line-height:1.45;text-wrap:pretty;overflow-wrap:anywhere}
.lead+.lead{margin-top:6px;color:var(--soft)}
.numbers{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:20px 28px;margin:30px 0 0;padding:18px 0 0;border-top:3px solid var(--ink)}
.numbers div{min-width:0}.numbers dt{color:var(--soft);font-size:13px;line-height:1.3;overflow-wrap:anywhere}
.numbers dd{margin:2px 0 0;font-size:30px;line-height:1.15;font-variant-numeric:lining-nums tabular-nums}
section{display:grid;grid-template-columns:200px minmax(0,1fr);gap:12px 36px;margin-top:44px;padding-top:14px;border-top:1px solid var(--rule)}
section>header{position:relative}
h2{margin:0;font-size:21px;line-height:1.2}
section>header p,.gallery p{margin:8px 0 0;color:var(--soft);font-size:13.5px;line-height:1.45}
.charts{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:26px 34px}
.charts .chart:only-child{grid-column:1/-1}
figure{margin:0;min-width:0}
.chart{position:relative}
.chart figcaption{margin-bottom:14px;font-weight:600;line-height:1.3;overflow-wrap:anywhere}
.chart figcaption::first-letter{text-transform:uppercase}
figcaption small,td small,th small,label small{color:var(--soft);font-weight:400;font-size:13px}
svg{display:block}
.chart>.plot{width:calc(100% - 148px);margin:0 92px 30px 56px}
.square{width:340px;max-width:100%}.square>svg.plot{width:calc(100% - 70px);margin-right:14px}
.tests{display:flex;flex-wrap:wrap;gap:32px 56px;align-items:flex-start}.tests>*{min-width:0}
.key{display:inline-block;width:14px;height:3px;margin-right:8px;background:var(--tone);vertical-align:middle}
.tip{position:absolute;z-index:1;display:none;min-width:120px;padding:6px 10px;border:1px solid var(--rule);border-radius:3px;background:var(--paper);box-shadow:0 2px 10px rgb(0 0 0/.12);font-size:13px;line-height:1.4;pointer-events:none;white-space:nowrap;font-variant-numeric:tabular-nums}
.tip b{display:block;font-weight:600}.tip i{display:flex;justify-content:space-between;gap:14px;font-style:normal}.tip i span:first-child{color:var(--tone)}.tip i.training span:first-child{color:var(--soft)}
.at{position:absolute;display:none;width:1px;background:var(--soft);pointer-events:none}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th{font-weight:400;text-align:left}
td,th{padding:5px 12px 5px 0;vertical-align:top}
.scroll{overflow-x:auto}
.values{margin:0;columns:2 300px;column-gap:34px}.values div{display:grid;grid-template-columns:minmax(0,2fr) minmax(0,3fr);gap:14px;padding:5px 0;border-bottom:1px solid var(--grid);break-inside:avoid}
.values dt{color:var(--soft)}.values dd{margin:0}.values>*>*{overflow-wrap:anywhere}
.sets tr,.list tr,.runs tr{border-bottom:1px solid var(--grid)}
.sets td,.sets thead th,.list td,.runs td,.runs thead th{text-align:right;padding-left:22px}.sets thead,.runs thead,.list thead th:last-child{text-align:right}.list thead{color:var(--soft);font-size:13px}
.sum{font-weight:600}.sum th{font-weight:600}
.confusion td,.confusion th{padding:0 12px;height:44px;vertical-align:middle;text-align:center}
.confusion.many{font-size:13px}.confusion.many td,.confusion.many th{padding:0 6px;height:34px}.confusion.many tbody th{padding-left:0}
.confusion th{max-width:9em;overflow:hidden;text-overflow:ellipsis}.confusion .axis{max-width:none}.confusion .rate{white-space:nowrap}.confusion thead th,.confusion thead td{height:26px}.confusion tbody th{text-align:right;padding-left:0}
.confusion .axis{color:var(--soft);font-size:13px}.confusion .rate{color:var(--soft)}
.confusion td.right,.confusion td.wrong{min-width:72px;border:2px solid var(--paper)}
.confusion .right{background:rgb(var(--right)/calc(.06 + .9*var(--part)))}.confusion .wrong{background:rgb(var(--wrong)/calc(.03 + .9*var(--part)))}
.confusion .deep{color:#fff}.confusion .sum,.confusion .sum th{font-weight:400;color:var(--soft)}
.confusion.many td.right,.confusion.many td.wrong{min-width:48px}
.both{display:flex;flex-wrap:wrap;gap:28px 48px}.map{flex:1 1 300px;max-width:420px}.map svg{display:block;width:100%;fill:var(--c1)}.map .ground{fill:var(--wash)}.map figcaption{color:var(--soft);font-size:13px;margin-bottom:6px}
.lists{display:grid;gap:24px}.list caption{text-align:left;font-weight:600;padding-bottom:4px}
h3{margin:0;font-size:17px;line-height:1.25}
.gallery+.gallery{margin-top:28px}
.pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(116px,1fr));gap:16px;margin-top:12px}
.pictures .pair{grid-column:span 2}
.frame{display:flex;gap:2px}.frame>*{flex:1;min-width:0}
.pictures img{display:block;width:100%;aspect-ratio:1;object-fit:contain;background:var(--wash)}
.over{position:relative;display:block}.pictures img.heat{position:absolute;inset:0;background:none;object-fit:fill}
.pictures figcaption{margin-top:5px;font-size:13px;line-height:1.35;overflow-wrap:anywhere}.pictures small{display:block;font-size:12.5px}
b.right{color:var(--c1)}b.wrong{color:var(--c2)}
.pixels{display:block;width:100%;height:auto;max-width:800px;image-rendering:pixelated}
.layers{width:100%;table-layout:fixed}.layers th{width:32%;overflow-wrap:anywhere}.layers thead th{color:var(--soft);font-size:13px}.layers th small{display:block}
.spread{display:block;width:100%;height:40px;fill:var(--c1);border-bottom:1px solid var(--rule)}.layers td:last-child .spread{fill:var(--c3)}
.spread .zero{stroke:var(--paper);vector-effect:non-scaling-stroke;stroke-width:1}
.ends{display:flex;flex-wrap:wrap;column-gap:6px;justify-content:space-between;color:var(--soft);font-size:12px}.ends i{font-style:normal}
pre{margin:0;overflow-x:auto;font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,'Liberation Mono',monospace}
.runs{width:100%}.runs td{white-space:nowrap}.runs tbody th{min-width:11em}.runs small{display:block}.runs label{display:inline-flex;gap:8px;align-items:baseline;cursor:pointer;overflow-wrap:anywhere}.runs input{accent-color:var(--tone);margin:0;translate:0 1px}
.runs label b{font-weight:600;color:var(--tone)}
details{margin-top:16px}summary{cursor:pointer;color:var(--soft)}
.differ td{overflow-wrap:anywhere}.differ tr{border-bottom:1px solid var(--grid)}.differ td,.differ thead th{padding-left:14px}.differ th{color:var(--soft)}.differ thead th{color:var(--tone);font-weight:600}
footer{margin-top:48px;padding-top:12px;border-top:1px solid var(--rule);color:var(--soft);font-size:13px}
@media(max-width:860px){main{padding:26px 18px 48px}section{grid-template-columns:minmax(0,1fr);margin-top:34px}}
@media(max-width:760px){.pictures{grid-template-columns:repeat(auto-fill,minmax(98px,1fr));gap:12px}.charts{grid-template-columns:minmax(0,1fr)}.numbers dd{font-size:25px}.numbers{grid-template-columns:repeat(auto-fill,minmax(128px,1fr));gap:16px 20px}.lead{font-size:17px}}
@media(max-width:420px),(min-width:761px) and (max-width:1170px){.between{display:none}}
@media print{main{max-width:none;padding:0}section{break-inside:avoid}}`;
