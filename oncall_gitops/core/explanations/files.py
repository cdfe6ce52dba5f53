"""OG1xx: files and YAML."""

from __future__ import annotations

from oncall_gitops.core.explanations.explanation import Explanation, schedule

_WRITE = "mkdir schedules\necho 'teams: {payments: {}}' > schedules/rota.yaml\n"
_NIGHT = "What cannot be read would be missing from the rota, so nothing is applied until it can."

FILES = {
    "OG101": Explanation(
        "The operating system refuses to open this file or folder: most often it belongs to somebody else.",
        _NIGHT,
        f"{_WRITE}chmod 000 schedules/rota.yaml\n",
        f"{_WRITE}chmod 644 schedules/rota.yaml\n",
        is_shell=True,
    ),
    "OG102": Explanation(
        "A name that ends in .yaml or .yml belongs to a folder, a pipe, a socket or a device. "
        "Only regular files are opened.",
        "Reading a pipe can wait for ever, and a reconcile that waits keeps nobody's rota up to date.",
        "mkdir -p schedules/rota.yaml\n",
        _WRITE,
        is_shell=True,
    ),
    "OG103": Explanation(
        "A symbolic link leads to a folder, out of the schedules or nowhere. Links to files inside are followed; "
        "all others are not.",
        "What a link brings in can change without a pull request, and nobody would have reviewed who is on call.",
        "mkdir schedules\nln -s /etc/hostname schedules/rota.yaml\n",
        _WRITE,
        is_shell=True,
    ),
    "OG104": Explanation(
        "A file is larger than 1 MiB. A schedule takes about 40 lines, so this is most often a dump or a log.",
        "A file that takes minutes to read would hold up the change that should page the right person.",
        "mkdir schedules\nhead -c 1100000 /dev/zero | tr '\\0' '#' > schedules/rota.yaml\n",
        _WRITE,
        is_shell=True,
    ),
    "OG105": Explanation(
        "A file's name holds control or invisible characters, is not UTF-8, or its path is longer than 1024 bytes.",
        "Names stand in every message; one that hides characters can point to a file that is not the one at fault.",
        "mkdir schedules\ntouch \"$(printf 'schedules/ro\\001ta.yaml')\"\n",
        _WRITE,
        is_shell=True,
    ),
    "OG106": Explanation(
        "The path does not exist, or there is no file in it that ends in .yaml or .yml.",
        "An empty folder would mean that nobody is on call for anything. Most often the path is misspelt.",
        "mkdir schedules\n",
        _WRITE,
        is_shell=True,
    ),
    "OG107": Explanation(
        "The file is not UTF-8 text: an editor saved it in another encoding, or it is an archive.",
        "Read in the wrong encoding, names and addresses are garbled just where somebody must be reached.",
        "mkdir schedules\nprintf 'teams: {caf\\351: {}}' > schedules/rota.yaml\n",
        "mkdir schedules\nprintf 'teams: {cafe: {name: \"Caf\\303\\251\"}}' > schedules/rota.yaml\n",
        is_shell=True,
    ),
    "OG108": Explanation(
        "A control, bidirectional or invisible character stands in the file, or something that looks like a space "
        "and is none.",
        "Such characters make a file look different from what it says, so that a review approves another rota.",
        "teams:\n  payments: {name: Pay«\u202e»ments}\n",
        "teams:\n  payments: {name: Payments}\n",
    ),
    "OG109": Explanation(
        "The file is empty, or holds only comments.",
        "It looks as if it had a rota in it. If its content was lost, those people would silently leave the rota.",
        "«»# the rota of the payments team\n",
        "# nobody yet\nteams: {}\n",
    ),
    "OG110": Explanation(
        "The text is not YAML: a quote, bracket or brace that is not closed, a comma that lacks, odd indentation.",
        "Nothing after the mistake can be trusted, so the whole file is left out and nothing is applied.",
        "teams:\n  payments: «{»name: Payments\n",
        "teams:\n  payments: {name: Payments}\n",
    ),
    "OG111": Explanation(
        "A tab is used as indentation or between values. YAML indents with spaces.",
        "How wide a tab is depends on who reads; a layer could end up below another schedule than it seems.",
        "teams:\n«\t»payments: {name: Payments}\n",
        "teams:\n  payments: {name: Payments}\n",
    ),
    "OG112": Explanation(
        "The markers of a git merge conflict are still in the file.",
        "Both versions of the rota are in there, and nobody has decided which one is right.",
        "teams:\n  payments:\n«<<<<<<<» HEAD\n    name: Payments\n=======\n    name: Billing\n>>>>>>> main\n",
        "teams:\n  payments:\n    name: Payments\n",
    ),
    "OG113": Explanation(
        "Lists or mappings stand in one another more than 32 levels deep. A schedule needs about 10.",
        "Such files are made to bring programs down, and are refused before they can.",
        "teams: " + "{a: " * 31 + "«{»a: 1" + "}" * 32 + "\n",
        "teams: {payments: {name: Payments}}\n",
    ),
    "OG114": Explanation(
        "An anchor (&name) or an alias (*name) is used. A file is plain data, read as it stands.",
        "With aliases one edit moves people in places that the diff of a pull request does not show.",
        "teams:\n  payments: «&team» {name: Payments}\n",
        "teams:\n  payments: {name: Payments}\n",
    ),
    "OG115": Explanation(
        "A tag (!name) is used. Values are read by what their key means, and never by a tag.",
        "In other programs tags make objects and run code; here a file can do neither.",
        "teams:\n  payments: {name: «!!str Payments»}\n",
        "teams:\n  payments: {name: Payments}\n",
    ),
    "OG116": Explanation(
        "A line that begins with % is a directive to a YAML parser.",
        "It could change how the rest of the file is read.",
        "«%»YAML 1.1\n---\nteams: {}\n",
        "teams: {}\n",
    ),
    "OG117": Explanation(
        "A second document begins: a line with --- after the first content.",
        "Many programs read only the first document, and whoever is on call in the second one is never paged.",
        "teams:\n  payments: {name: Payments}\n«---»\nteams:\n  search: {name: Search}\n",
        "teams:\n  payments: {name: Payments}\n  search: {name: Search}\n",
    ),
    "OG118": Explanation(
        "A merge key (<<) is used. Keys are written out where they belong.",
        "Merged keys overwrite each other in an order that hardly anybody knows by heart.",
        "teams:\n  payments: {«<<»: {name: Payments}}\n",
        "teams:\n  payments: {name: Payments}\n",
    ),
    "OG119": Explanation(
        "A mapping has the same key twice. Keys that differ only in how an accent is encoded count as the same.",
        "Most programs silently keep the last one, and the first rotation is gone without a word.",
        schedule('handoff_time: "09:00"\n«handoff_time»: "17:00"\n'),
        schedule('handoff_time: "17:00"\n'),
    ),
    "OG120": Explanation(
        "A key is a list, a mapping or nothing. Keys are plain text.",
        "It is most often a misplaced bracket or dash, and what stands below it belongs to nobody.",
        "teams:\n  «[payments, search]»: {name: Payments}\n",
        "teams:\n  payments: {name: Payments}\n",
    ),
    "OG121": Explanation(
        "There are very many mistakes of one kind; the first ones are listed, and the rest is counted.",
        "It is hardly a rota: perhaps another program's file has been saved under this name.",
        "mkdir schedules\n(echo 'teams: {payments: {'; seq -f 'key%g: 1,' 1100; echo '}}') > schedules/rota.yaml\n",
        _WRITE,
        is_shell=True,
    ),
}
