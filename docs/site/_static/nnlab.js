/* What scrolls sideways can be reached, and so scrolled, by the Tab key. */
const MAY_SCROLL = ".wide, math[display=block], pre, .text_html, .pst-scrollable-table-container";

function letKeysReachWhatScrolls() {
  for (const box of document.querySelectorAll(MAY_SCROLL)) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}
window.addEventListener("load", letKeysReachWhatScrolls);
window.addEventListener("resize", letKeysReachWhatScrolls);
