// Words typed into the search box: the call stacks in which some function, file or module contains them.

class Search {
  constructor(run, text) {
    this.text = text.trim();
    this.isEmpty = this.text === "";
    if (this.isEmpty) return;
    const wanted = this.text.toLowerCase();
    const isMatch = Uint8Array.from(run.words, (word) => word.toLowerCase().includes(wanted));
    const { function: functions, file, module } = run.places;
    const ofPlace = Uint8Array.from(functions, (word, place) =>
      isMatch[word] || (file[place] && isMatch[file[place] - 1]) || (module[place] && isMatch[module[place] - 1]));
    this.isFrameMatch = new Uint8Array(run.frames.length);
    const isStackMatch = new Uint8Array(run.outer.length);
    for (let stack = 1; stack < isStackMatch.length; stack++) {
      const isHere = ofPlace[run.placeOf[stack]];
      if (isHere) this.isFrameMatch[run.frameOf[stack]] = 1;
      isStackMatch[stack] = isHere || isStackMatch[run.outer[stack]];
    }
    this.isKept = Uint8Array.from(run.sites.stack, (stack, site) =>
      isStackMatch[stack] || isMatch[run.sites.called[site]]);
  }
}
