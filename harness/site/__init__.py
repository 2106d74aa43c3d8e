"""Pure renderers of boards: data in, the bytes of files out. No clock, no network, no writing.

Where to look, by module:

    the page of all boards         render, views, client, templating
    its picture                    figure, figure_words, labels, scales
    the page of an entry           entry_page, entry_view, entry_result, entry_work,
                                   entry_quality, entry_carbon, entry_making, entry_again,
                                   entry_history
    its records, and its drawings  record_view, session_rows, power
    other pages                    method_page, report, frame
    how pages are written          blocks, blocks_html, blocks_markdown, forms
    languages and words            strings, language, words, wording, polyglot, versions, recorded,
                                   text
    data to take away              data, columns, spreadsheet, plain, arrow, spelt_rows
    feed, badge, preview, README   feed, badge, preview, png, strokes, markdown
    where files lie                paths
"""
