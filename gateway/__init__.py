"""pml-gateway: MRI second opinions for natalizumab surveillance, from a PACS push to a report back in that PACS.

A study's path, and where each part of it lives:

    receive     dicom_nodes.scp, gateway.web.pages.upload, gateway.web.dicomweb    objects come in
    keep        gateway.intake                     durable, then acknowledged
    steps       gateway.pipeline.step_table        complete, route, prepare, forward, compose, return, confirm
    replies     gateway.pipeline.replies           what a reading site sends back is restored, returned, confirmed
    people      gateway.web                        the queue, the report form, the pages
    memory      gateway.records                    every row, every state change, every byte kept
    identity    gateway.identity                   whose study it is: same object, same person, no number
    pixels      gateway.decoding                   decoded within limits, in a process that may die
    geometry    gateway.imaging                    where pictures lie in the patient, and what is worked out from them
    privacy     gateway.privacy, gateway.profiles  identity off, proven off, and back on; a site's profiles
    faces       gateway.faces                      taken out of copies, where a rule or a site asks for it
    reporting   gateway.reporting                  what a reader signs, as DICOM SR and as print
    recipients  gateway.recipients                 who gets a report: the site decides
    certificates  gateway.certificates             when those of TLS end, ours and those that others show
    guidelines  gateway.guidelines                 by which guideline a site's next MRIs are due: the site declares
    layouts     gateway.site_layouts               which panes the viewer has besides the shipped ones
    contacts    gateway.contacts                   whom to tell: chains for critical results, readers, targets
    files       gateway.files                      the same on files, without a running gateway
    running     gateway.service, gateway.cli, gateway.assembly    processes, commands, and how all of it is put together
    trying      gateway.demo                       a hospital, a reading site and a phantom, round the whole loop
    states      gateway.lifecycle                  of a study, a case and a reply, and which may follow which
    ground      gateway.settings (connection_settings, settings_table, sign_in_settings, settings_file)    for all
    ground      gateway.clock, logs                for all
    ground      gateway.errors, quiet_pydicom      for all
    withheld    gateway.withheld                   what no text that leaves may hold: UIDs, words of exceptions
    wrong       gateway.wrong_configuration        a file that cannot be used while its last good content is
"""

__version__ = "0.1.0"
