"""Talk to other DICOM systems: receive, store, echo, find, commit; over associations and over the web.

Read `node` (who), then `scp.receiver` (what comes in), then `sender` (what goes out); the rest is below these.

    directory = NodeDirectory.from_file(Path("nodes.yaml"))          who is there, who may call
    Receiver("GATEWAY", "0.0.0.0", 11112, lambda: directory, keep)   take what they send, as raw bytes
    store(node, files, calling_ae_title="GATEWAY")                   send; one outcome per instance
    request_commitment(node, transaction_uid, references, ...)       have a peer promise to keep it

    node, directory                other systems, as nodes.yaml describes them
    node_file, node_entries        reading that file; what may stand in one entry of it
    scp/                           what we offer: the receiver and its storage commitment
    sender, outgoing, outcomes     what we ask of others, whatever they speak, and what their answers mean
    scu/  web/                     the two ways of asking: associations and DICOMweb
    counts                         how many instances of a study a node counts
    commitment                     storage commitment, asked and answered
    certificates                   whose certificate one is, when it ends, which node it is bound to
    peer_numbers                   numbers as peers state them: never an error, at worst no number
    instance                       one received object
    data_sets                      a stored object as pydicom's data set
    upper_layer/                   associations: contexts, PDUs, TLS, and what is set up in pynetdicom
    encoding/                      the bytes of objects (PS3.5, PS3.10); no network
    config_files/                  configuration people write: YAML with lines, problems with fixes; no network
    errors                         what can go wrong between two systems
    explained_error                the base of every error made on purpose, here and in the other two packages

A library on pynetdicom, pydicom and dicomweb-client; it knows nothing of the gateway that uses it. This file imports
nothing, so that `encoding` and `config_files` cost nobody a network stack.
"""
